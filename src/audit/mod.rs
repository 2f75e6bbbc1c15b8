//! Reads the catalogs: what is proved, what is open.
//!
//! The engines ([`crate::paths`], [`crate::predicate`]) judge every tenant table and every way to
//! one; SQL checks look at the rest in the same snapshot.

mod accept;
mod cves;
mod definers;
mod engine;
mod evidence;
pub mod explain;
mod functions;
mod grants;
mod holes;
mod identities;
mod others;
mod readable;
mod roles;
mod rules;
mod samples;
mod speed;
mod sql;
mod tables;
mod trial;
mod triggers;
mod views;
mod written;

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;

pub use accept::{Accepted, accept};
pub use functions::{Reading, reach, readings};
pub use grants::Grant;
pub use holes::is_secret;
pub use sql::{array, parameters};

use crate::catalog::Relation;
use crate::check::{self, Check};
use crate::finding::{By, Cause, Coverage, Finding, Operation, Severity, Verdict};
use crate::session::{Connector, Session};
use crate::tenancy::Tenancy;
use engine::{Engine, Found};

/// Which checks run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these; empty is all.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
}

impl Selection {
    /// Whether a check runs.
    pub fn takes(&self, id: &str) -> bool {
        (self.only.is_empty() || self.only.iter().any(|only| only == id))
            && !self.skip.iter().any(|skip| skip == id)
    }

    /// What the reader of a partial audit should know.
    pub fn note(&self, all: usize) -> Option<String> {
        if !self.only.is_empty() {
            let ran = self.only.len();
            return Some(format!(
                "{ran} of {all} checks ran: the verdict is about them, not about the database"
            ));
        }
        (!self.skip.is_empty()).then(|| format!("left out: {}", self.skip.join(", ")))
    }

    /// Every name is a check's.
    ///
    /// # Errors
    /// A usage error that names the nearest check.
    pub fn validate(&self, checks: &[Check]) -> Result<()> {
        for wanted in self.only.iter().chain(&self.skip) {
            check::find(checks, wanted)?;
        }
        Ok(())
    }
}

/// A check that could not look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its id.
    pub check: String,
    /// Why.
    pub reason: String,
}

/// What an audit found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// The verdict on every (object, operation).
    pub coverage: Vec<Coverage>,
    /// Checks that could not look.
    pub unfinished: Vec<Unfinished>,
}

/// Audits in the transaction that the tenancy's snapshot was read in, on that session; for a large
/// database on a few more, which see the same snapshot.
///
/// # Errors
/// The connection's; a check that fails is unfinished, and the audit goes on.
pub async fn run(
    (session, connector): (&Session, &Connector),
    tenancy: &Tenancy<'_>,
    checks: &[Check],
    selection: &Selection,
) -> Result<Outcome> {
    let mut engine = engines(tenancy)?;
    trial::run(session, &mut engine).await?;
    let (mut findings, mut coverage) = said(engine, checks, selection);
    let wanted: Vec<&Check> = checks
        .iter()
        .filter(|check| check.engine == check::Engine::Sql && selection.takes(&check.id))
        .collect();
    let looked = sql::run_all(session, connector, &wanted, tenancy).await?;
    coverage.extend(beside_tables(tenancy, &looked.findings));
    coverage = merge(coverage);
    findings.extend(looked.findings);
    order(&mut findings);
    if !selection.only.is_empty() {
        // A part of the checks says nothing about the whole.
        coverage.clear();
    }
    Ok(Outcome {
        findings,
        coverage,
        unfinished: looked.unfinished,
    })
}

/// What the engines say: pure, from the snapshot alone.
///
/// # Errors
/// Data that ships with tenantctl does not parse; a test makes sure that it does.
pub fn judge(
    tenancy: &Tenancy<'_>,
    checks: &[Check],
    selection: &Selection,
) -> Result<(Vec<Finding>, Vec<Coverage>)> {
    Ok(said(engines(tenancy)?, checks, selection))
}

fn engines<'t>(tenancy: &'t Tenancy<'t>) -> Result<Engine<'t>> {
    let mut engine = Engine::new(tenancy);
    roles::audit(&mut engine);
    tables::audit(&mut engine);
    views::audit(&mut engine);
    others::audit(&mut engine);
    functions::audit(&mut engine);
    identities::audit(&mut engine);
    speed::audit(&mut engine);
    cves::audit(&mut engine)?;
    Ok(engine)
}

fn said(
    engine: Engine<'_>,
    checks: &[Check],
    selection: &Selection,
) -> (Vec<Finding>, Vec<Coverage>) {
    let findings = engine
        .found
        .into_iter()
        .filter(|found| selection.takes(found.check))
        .map(|found| finding(found, checks))
        .collect();
    (findings, merge(engine.coverage))
}

/// Rows for what the SQL checks found open beside tables: a sequence, a function, a view on the
/// statistics. What they say of a tenant table is about its columns and keys; whose rows the
/// operations on it reach is the engines' to tell.
fn beside_tables(tenancy: &Tenancy<'_>, findings: &[Finding]) -> Vec<Coverage> {
    let tables: HashSet<String> = tenancy
        .snapshot
        .relations
        .values()
        .filter(|relation| relation.kind.is_table())
        .map(Relation::qualified)
        .collect();
    let is_named = |object: &str| object.contains('.') && !tables.contains(object);
    findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Medium && !finding.path.is_empty())
        .filter(|finding| is_named(&finding.object))
        .map(|finding| Coverage {
            object: finding.object.clone(),
            operation: Operation::Select,
            verdict: Verdict::Leaking,
            by: By::Audit,
            reason: finding.message.clone(),
            cause: Some(Cause {
                check: finding.check.clone(),
                object: finding.object.clone(),
            }),
        })
        .collect()
}

/// Gives a finding its check's class, and its advice where there is no statement.
fn finding(found: Found, checks: &[Check]) -> Finding {
    let check = checks.iter().find(|check| check.id == found.check);
    Finding {
        check: found.check.to_owned(),
        class: check.map_or(crate::finding::Class::None, |check| check.class),
        severity: found.severity,
        object: found.object,
        message: found.message,
        path: found.path,
        evidence: found.evidence,
        fix: found.fix.or_else(|| check?.advice()),
    }
}

/// Worst first, then by check and object: the same database gives the same bytes.
pub fn order(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        (b.severity, &a.check, &a.object, &a.message)
            .cmp(&(a.severity, &b.check, &b.object, &b.message))
    });
    findings.dedup();
}

/// One row an (object, operation, who): the worst verdict wins.
fn merge(rows: Vec<Coverage>) -> Vec<Coverage> {
    let mut worst: BTreeMap<(String, Operation, By), Coverage> = BTreeMap::new();
    for row in rows {
        let key = (row.object.clone(), row.operation, row.by);
        match worst.get(&key) {
            Some(known) if known.verdict >= row.verdict => {}
            _ => {
                worst.insert(key, row);
            }
        }
    }
    worst.into_values().collect()
}
