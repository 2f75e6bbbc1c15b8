//! Where mutants are tried: each in a database of its own, several at once; what concerns the
//! whole server alone, and undone.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use tokio::sync::mpsc;

use super::copy::TEMPLATE;
use super::judge::{Baseline, Heard, Judge};
use super::mutant::Mutant;
use super::{Fate, Trial};
use crate::catalog::{self, Snapshot};
use crate::finding::By;
use crate::session::conninfo::Target;
use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session, quote};

/// What every worker needs.
pub(super) struct Bench {
    pub(super) judge: Judge,
    pub(super) baseline: Baseline,
    /// The throwaway server's own database.
    pub(super) server: Target,
    pub(super) major: u32,
    /// Statements that give a database what a copy of it does not have; `{}` is its name.
    pub(super) dressing: Vec<String>,
    /// When no further mutant is begun.
    pub(super) until: Instant,
}

/// Ends the workers when nobody waits for them any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Queue = Arc<Mutex<VecDeque<(usize, Mutant)>>>;

/// Tries them all; the answers are in the mutants' order.
pub(super) async fn all(
    bench: Bench,
    mutants: Vec<Mutant>,
    progress: &dyn Fn(usize, &str),
) -> Result<Vec<Trial>> {
    let total = mutants.len();
    let bench = Arc::new(bench);
    let numbered = mutants.into_iter().enumerate();
    let (alone, beside): (Vec<_>, Vec<_>) = numbered.partition(|(_, m)| m.is_of_server());
    let mut trials: Vec<(usize, Trial)> = Vec::with_capacity(total);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    for (mutants, workers) in [(beside, workers.clamp(1, 8)), (alone, 1)] {
        let stop = Stop(Arc::default());
        let queue: Queue = Arc::new(Mutex::new(mutants.into()));
        let (answer, mut answers) = mpsc::unbounded_channel();
        for _ in 0..workers {
            worker(&bench, &queue, (&answer, &stop.0))?;
        }
        drop(answer);
        while let Some((nth, trial)) = answers.recv().await {
            progress(
                total,
                &format!("{} {}", trial.mutant.kind.id, trial.mutant.object),
            );
            trials.push((nth, trial));
        }
    }
    if trials.len() < total {
        bail!("a worker has ended before its mutants were tried");
    }
    trials.sort_by_key(|(nth, _)| *nth);
    Ok(trials.into_iter().map(|(_, trial)| trial).collect())
}

type Answer = mpsc::UnboundedSender<(usize, Trial)>;

/// A thread with a runtime of its own: judging a database is work for a processor, and the
/// program's own runtime has one.
fn worker(
    bench: &Arc<Bench>,
    queue: &Queue,
    (answer, stop): (&Answer, &Arc<AtomicBool>),
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a worker")?;
    let (bench, queue, answer, stop) = (
        Arc::clone(bench),
        Arc::clone(queue),
        answer.clone(),
        Arc::clone(stop),
    );
    let next = move || {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    };
    std::thread::Builder::new()
        .name("mutants".to_owned())
        // The prover recurses; the main thread's stack is as large.
        .stack_size(8 << 20)
        .spawn(move || {
            runtime.block_on(async {
                while let Some((nth, mutant)) = next() {
                    let trial = bench.trial(nth, mutant).await;
                    let unheard = answer.send((nth, trial)).is_err();
                    if unheard || stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        })
        .context("cannot start a worker")?;
    Ok(())
}

impl Bench {
    async fn trial(&self, nth: usize, mutant: Mutant) -> Trial {
        if Instant::now() >= self.until {
            return Trial::without(mutant, Fate::Untried);
        }
        let database = format!("tenantctl_mutant_{nth}");
        let tried = self.tried(&database, &mutant).await;
        let (audit, probe) = match tried {
            Ok(Ok(heard)) => heard,
            Ok(Err(refused)) => return Trial::without(mutant, Fate::Refused(refused)),
            Err(error) => return Trial::without(mutant, Fate::Failed(format!("{error:#}"))),
        };
        let fate = match (&audit.killed, &probe.killed) {
            (None, None) => Fate::Survived([audit.beside, probe.beside].concat()),
            _ => Fate::Killed,
        };
        Trial {
            mutant,
            audit: audit.killed,
            probe: probe.killed,
            fate,
        }
    }

    /// Breaks a copy and judges it; the inner error is the server's refusal to be broken so.
    async fn tried(
        &self,
        database: &str,
        mutant: &Mutant,
    ) -> Result<Result<(Heard, Heard), String>> {
        let admin = self.session("postgres").await?;
        self.create(&admin, database).await?;
        let before = match mutant.is_of_server() {
            true => Some(self.roles(database).await?),
            false => None,
        };
        let session = self.session(database).await?;
        let sql = format!("begin; {}; commit", mutant.sql.join("; "));
        let broken = session.batch_execute(&sql).await;
        session.close().await;
        if let Err(error) = broken {
            drop_database(&admin, database).await?;
            return Ok(Err(format!("{:#}", explain(error))));
        }
        let said = self
            .judge
            .ask(self.server.clone().with_database(database))
            .await;
        // Privileges in the database would keep a role from being dropped.
        drop_database(&admin, database).await?;
        if let Some(before) = before {
            self.restore(&admin, mutant, &before).await?;
        }
        admin.close().await;
        let said = said?;
        Ok(Ok((
            self.baseline.heard(By::Audit, mutant, &said.audit),
            self.baseline.heard(By::Probe, mutant, &said.probe),
        )))
    }

    /// Undoes what was done to roles, and makes sure that nothing of it is left: the next mutant
    /// would be found for the wrong reason.
    async fn restore(&self, admin: &Session, mutant: &Mutant, before: &str) -> Result<()> {
        for sql in &mutant.undo {
            run(admin, sql).await?;
        }
        if self.roles("postgres").await? != before {
            bail!("the roles of the throwaway server are not as they were before this mutant");
        }
        Ok(())
    }

    async fn create(&self, admin: &Session, database: &str) -> Result<()> {
        // Copies the files instead of logging every page; version 14 knows no other way.
        let strategy = if self.major >= 15 {
            " strategy file_copy"
        } else {
            ""
        };
        let name = quote::ident(database);
        run(
            admin,
            &format!("create database {name} template {TEMPLATE}{strategy}"),
        )
        .await?;
        for sql in &self.dressing {
            // What the copy itself could not be given is known already.
            let _ = admin.batch_execute(&sql.replace("{}", &name)).await;
        }
        Ok(())
    }

    /// Roles, memberships and settings that all databases share, as text.
    async fn roles(&self, database: &str) -> Result<String> {
        let session = self.session(database).await?;
        catalog::begin(&session).await?;
        let snapshot: Snapshot = catalog::load(&session).await?;
        session.close().await;
        let settings: Vec<_> = snapshot
            .role_settings
            .iter()
            .filter(|of| of.database == 0)
            .collect();
        Ok(format!(
            "{:?} {:?} {settings:?}",
            snapshot.roles, snapshot.memberships
        ))
    }

    async fn session(&self, database: &str) -> Result<Session> {
        let target = self.server.clone().with_database(database);
        Connector::new(target)?.open(Purpose::Change).await
    }
}

async fn drop_database(admin: &Session, database: &str) -> Result<()> {
    let name = quote::ident(database);
    run(
        admin,
        &format!("drop database if exists {name} with (force)"),
    )
    .await
}

async fn run(session: &Session, sql: &str) -> Result<()> {
    session
        .batch_execute(sql)
        .await
        .map_err(explain)
        .with_context(|| format!("the throwaway server refused: {sql}"))
}
