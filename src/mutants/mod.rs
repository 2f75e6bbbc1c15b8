//! Proof against our own blindness: a throwaway copy of the schema is broken on purpose, one
//! mutation at a time, and audit and probe have to notice each.
//!
//! The live database is only read: its catalogs, and its schema by pg_dump. Everything else
//! happens on a server of our own that ends with us.

mod bench;
mod cluster;
mod copy;
mod derive;
mod judge;
mod kind;
mod mutant;
mod toc;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio_postgres::types::Type;

pub use copy::Programs;
pub use kind::{ALL, Kind};
pub use mutant::{Mutant, Opens};

use crate::catalog::{self, Oid, Snapshot};
use crate::check::Check;
use crate::exit::usage;
use crate::finding::{Coverage, Finding};
use crate::probe::{self, Populated};
use crate::session::conninfo::Target;
use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session};
use crate::settings::Settings;
use crate::tenancy::Tenancy;
use bench::Bench;
use copy::{Copy, TEMPLATE};
use derive::{Ground, May};
use judge::{Baseline, Judge, Said};

/// What a self-test needs.
pub struct Setup<'a> {
    /// The administrator's connection to the live database, and its catalogs.
    pub source: (&'a Connector, &'a Snapshot),
    /// The configuration.
    pub settings: &'a Settings,
    /// The checks that the audits run.
    pub checks: Vec<Check>,
    /// Which server programs to use.
    pub programs: Programs,
    /// Only these kinds; empty is all.
    pub only: &'a [String],
    /// How many tables each kind of mutant is tried on; 0 is all.
    pub tables: usize,
    /// How long mutants are tried.
    pub limit: Duration,
    /// Is told how many mutants there are and which one was tried.
    pub progress: &'a dyn Fn(usize, &str),
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct SelfTest {
    /// The throwaway server, for people.
    pub server: String,
    /// Every mutant and its end, by kind.
    pub trials: Vec<Trial>,
    /// Mutants of the same kinds that were not made, because each is tried on a few tables only.
    pub more: usize,
    /// What of the schema is not in the copy, each with the reason.
    pub left_out: Vec<String>,
    /// What the copy came to before anything was broken.
    pub findings: Vec<Finding>,
    /// And the verdicts.
    pub coverage: Vec<Coverage>,
    /// Checks that could not look there.
    pub unfinished: Vec<crate::audit::Unfinished>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One mutant and its end.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was broken.
    pub mutant: Mutant,
    /// What audit found, `check at object`.
    pub audit: Option<String>,
    /// What probe found.
    pub probe: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Found, by audit, by probe or by both.
    Killed,
    /// Found by neither; what was new, but too mild or somewhere else.
    Survived(Vec<String>),
    /// Audit or probe did not finish on it: as bad as not to find it.
    Failed(String),
    /// The server did not let the copy be broken so.
    Refused(String),
    /// There was no time left.
    Untried,
}

impl Trial {
    fn without(mutant: Mutant, fate: Fate) -> Self {
        Self {
            mutant,
            audit: None,
            probe: None,
            fate,
        }
    }

    /// Whether it is a defect of ours.
    pub fn survived(&self) -> bool {
        matches!(self.fate, Fate::Survived(_) | Fate::Failed(_))
    }
}

impl SelfTest {
    /// How many mutants came to an end that fits.
    pub fn count(&self, fits: impl Fn(&Trial) -> bool) -> usize {
        self.trials.iter().filter(|trial| fits(trial)).count()
    }

    /// Whether the number of survivors says what it should: something was tried, and all of it.
    pub fn is_whole(&self) -> bool {
        self.count(|trial| trial.fate == Fate::Killed) > 0
            && self.count(|trial| trial.fate == Fate::Untried) == 0
    }
}

/// Every name is a kind's.
///
/// # Errors
/// A usage error that lists the kinds.
pub fn validate(only: &[String]) -> Result<()> {
    for wanted in only {
        if !ALL.iter().any(|kind| kind.id == wanted) {
            let all: Vec<&str> = ALL.iter().map(|kind| kind.id).collect();
            return Err(usage(format!(
                "--mutant {wanted}: there is no such kind; there are {}",
                all.join(", ")
            )));
        }
    }
    Ok(())
}

/// Copies the schema, breaks it in every way that applies, and looks who notices.
///
/// # Errors
/// There is no server to copy to, the schema cannot be copied, or the copy cannot be judged even
/// before it is broken. A mutant that cannot be judged is part of the answer.
pub async fn run(setup: Setup<'_>) -> Result<SelfTest> {
    let copy = Copy::make(setup.source, &setup.programs).await?;
    let mut settings = setup.settings.clone();
    // The patterns name live servers.
    settings.probe.refuse.clear();
    let target = copy.target(TEMPLATE)?;
    let left_out = copy.left_out.clone();
    let (snapshot, may) = look(&target, &settings).await?;
    forget_missing(&mut settings, &snapshot);
    let tenancy = Tenancy::resolve(&snapshot, &settings)
        .context("the throwaway copy lacks what the configuration names")?;
    let populated = fill(&target, &tenancy).await?;
    let judge = Judge {
        settings: Arc::new(settings.clone()),
        checks: Arc::new(setup.checks),
    };
    let said = judge
        .ask(target)
        .await
        .context("cannot judge the copy before anything is broken")?;
    let app = tenancy
        .app
        .context("the application role is not in the copy")?;
    let ground = Ground {
        tenancy: &tenancy,
        app,
        may,
        open: judge::leaking(&said.coverage),
        organization: populated.organizations.0.clone(),
        tables: setup.tables,
    };
    let (mutants, more) = derive::derive(&ground, setup.only);
    let notes = notes(&ground, &populated);
    let bench = Bench {
        judge,
        baseline: Baseline::new(&said),
        server: copy.target("postgres")?,
        major: copy.major(),
        dressing: cluster::database(setup.source.1, "{}"),
        until: Instant::now() + setup.limit,
    };
    let trials = bench::all(bench, mutants, setup.progress).await?;
    let Said {
        audit,
        probe,
        coverage,
        unfinished,
    } = said;
    Ok(SelfTest {
        server: copy.label(),
        trials,
        more,
        left_out,
        findings: [audit, probe].concat(),
        coverage,
        unfinished,
        notes,
    })
}

/// The copy's catalogs, and what the application may do there.
async fn look(target: &Target, settings: &Settings) -> Result<(Snapshot, HashMap<Oid, May>)> {
    let session = Connector::new(target.clone())?.open(Purpose::Read).await?;
    catalog::begin(&session).await?;
    let snapshot = catalog::load(&session).await?;
    let may = may(&session, &settings.tenancy.app_role).await?;
    session.close().await;
    Ok((snapshot, may))
}

async fn may(session: &Session, role: &str) -> Result<HashMap<Oid, May>> {
    let sql = include_str!("../../sql/mutants/may.sql");
    let rows = session
        .query_typed(sql, &[(&role, Type::NAME)])
        .await
        .map_err(explain)
        .context("cannot tell what the application role may do in the copy")?;
    let mut may = HashMap::new();
    for row in rows {
        let flag = |at: usize| row.try_get(at).map_err(explain);
        may.insert(
            row.try_get(0).map_err(explain)?,
            May {
                select: flag(1)?,
                insert: flag(2)?,
                update: flag(3)?,
                delete: flag(4)?,
            },
        );
    }
    Ok(may)
}

/// Tables that did not make it into the copy must not be an error of the configuration.
fn forget_missing(settings: &mut Settings, snapshot: &Snapshot) {
    let there = |name: &str| snapshot.find_verbatim(name).is_some();
    settings.tables.shared.retain(|name| there(name));
    settings.tables.key.retain(|name, _| there(name));
    settings.tables.via.retain(|name, via| {
        let parent = via.parent.rsplit_once('.').map_or("", |(table, _)| table);
        there(name) && there(parent)
    });
}

/// Rows of two organizations, and what is computed from them.
async fn fill(target: &Target, tenancy: &Tenancy<'_>) -> Result<Populated> {
    let connector = Connector::new(target.clone())?;
    let populated = probe::populate(&connector, tenancy).await?;
    let session = connector.open(Purpose::Change).await?;
    let mut views: Vec<_> = tenancy
        .snapshot
        .relations
        .values()
        .filter(|view| view.kind == catalog::RelationKind::MaterializedView)
        .collect();
    // One may read another that was made before it.
    views.sort_by_key(|view| view.oid);
    for view in views {
        let sql = format!("refresh materialized view {}", view.qualified());
        // One that cannot be refreshed shows nothing, to the application either.
        let _ = session.batch_execute(&sql).await;
    }
    session.close().await;
    Ok(populated)
}

fn notes(ground: &Ground<'_>, populated: &Populated) -> Vec<String> {
    let mut notes: Vec<String> = populated
        .lacking
        .iter()
        .map(|(table, why)| format!("{table} has no rows of two organizations in the copy: {why}"))
        .collect();
    let tables = ground.tenancy.tables.len();
    let closed = ground.closed().count();
    if closed < tables {
        notes.push(format!(
            "{} of {tables} tenant tables are open already: what is open cannot be broken",
            tables - closed
        ));
    }
    notes
}
