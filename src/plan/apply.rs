//! Makes a plan's changes: short locks, retries, nothing half done.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rand::RngExt;
use tokio_postgres::SimpleQueryMessage;

use super::add_key::Filling;
use super::attempt::{Missed, Stage, is_lock, locked};
use super::exclusive::AT_WORK;
pub use super::exclusive::Exclusive;
use super::journal::JournalTable;
use super::{Change, Plan, hindered};
use crate::session::error::{explain, is_lost};
use crate::session::quote::literal;
use crate::session::{Connector, Purpose, Session};

/// How long to wait for locks.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For one attempt: nobody waits behind us for longer.
    pub lock_timeout: Duration,
    /// For all attempts at one change.
    pub max_wait: Duration,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Made.
    Done,
    /// Not made because somebody held a lock, or because what it builds on was not made.
    Skipped(String),
    /// Not made: the server said no. Nothing after it was tried.
    Failed(String),
    /// The connection broke before the answer came.
    Unknown(String),
}

impl Outcome {
    /// The word used in tables and JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Why it was not made.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Skipped(why) | Self::Failed(why) | Self::Unknown(why) => Some(why),
        }
    }
}

/// Is told how it goes.
pub trait Observer {
    /// A change begins.
    fn begins(&self, change: &Change);
    /// An attempt failed and there will be another.
    fn waits(&self, change: &Change, why: &str);
    /// A backfill got on.
    fn fills(&self, _change: &Change, _how_far: &Filling) {}
    /// A change ended, one way or another.
    fn ends(&self, change: &Change, outcome: &Outcome);
}

/// Beside the changes themselves.
#[derive(Clone, Copy)]
pub struct Run<'r> {
    /// How long to wait.
    pub patience: Patience,
    /// Where the database keeps the history.
    pub table: Option<&'r JournalTable>,
    /// Is told how it goes.
    pub observer: &'r dyn Observer,
    /// Event triggers that may refuse changes: with any, the changes are rehearsed.
    pub event_triggers: &'r [String],
}

/// Makes the changes in order. The answer has one outcome for each that was tried: all of them,
/// unless the last one failed or is unknown.
///
/// # Errors
/// No connection, a pooler where indexes are to be built, or an event trigger that would refuse.
pub async fn run(
    connector: &Connector,
    exclusive: &Exclusive,
    plan: &Plan,
    run: Run<'_>,
) -> Result<Vec<Outcome>> {
    let session = connector.open(Purpose::Change).await?;
    let runner = Runner::new(session, exclusive, run, plan).await?;
    if !run.event_triggers.is_empty() {
        runner.rehearse(plan, run.event_triggers).await?;
    }
    let observer = run.observer;
    let mut outcomes = Vec::with_capacity(plan.changes.len());
    let mut missing: HashSet<&str> = HashSet::new();
    for change in &plan.changes {
        observer.begins(change);
        let lacks = change.after.iter().find(|id| missing.contains(id.as_str()));
        let outcome = match (lacks, exclusive.check()) {
            (_, Err(error)) => Outcome::Failed(format!("{error:#}")),
            (Some(id), _) => Outcome::Skipped(format!("{id} was not made")),
            (None, Ok(())) => runner.make(change).await,
        };
        if outcome != Outcome::Done {
            missing.insert(&change.id);
        }
        observer.ends(change, &outcome);
        let stop = matches!(outcome, Outcome::Failed(_) | Outcome::Unknown(_));
        outcomes.push(outcome);
        if stop {
            break;
        }
    }
    runner.session.close().await;
    Ok(outcomes)
}

pub(super) struct Runner<'a> {
    session: Session,
    pub(super) exclusive: &'a Exclusive,
    pub(super) patience: Patience,
    table: Option<&'a JournalTable>,
    pub(super) observer: &'a dyn Observer,
    /// The server process, where a pooler does not make it another one each time.
    pid: Option<i32>,
}

impl<'a> Runner<'a> {
    async fn new(
        session: Session,
        exclusive: &'a Exclusive,
        run: Run<'a>,
        plan: &Plan,
    ) -> Result<Self> {
        let alone = plan.changes.iter().any(|change| change.alone);
        let mut runner = Self {
            session,
            exclusive,
            patience: run.patience,
            table: run.table,
            observer: run.observer,
            pid: None,
        };
        if let Some(table) = run.table {
            let create = transaction(&[table.create()], runner.patience.lock_timeout);
            let made = runner.session.batch_execute(&create).await;
            made.map_err(explain)
                .context("cannot make the journal's table, so nothing was changed")?;
        }
        if runner.session.is_pooled() {
            if alone {
                bail!(
                    "there is a pooler in between, and indexes are built and dropped outside of a transaction, \
                     where no lock_timeout can be set through it: connect to the server itself, or \
                     use --no-indexes"
                );
            }
            return Ok(runner);
        }
        // A concurrent build waits without keeping anybody waiting, so it may wait for long.
        let wait = runner.patience.max_wait.max(runner.patience.lock_timeout);
        let question = format!(
            "set lock_timeout = {}; set search_path = pg_catalog; \
             select pg_backend_pid(); select pg_advisory_lock_shared({AT_WORK})",
            millis(wait)
        );
        runner.pid = runner
            .ask(&question)
            .await?
            .and_then(|pid| pid.parse().ok());
        Ok(runner)
    }

    async fn make(&self, change: &Change) -> Outcome {
        let outcome = match &change.backfill {
            Some(backfill) => self.fill(change, backfill).await,
            None => self.stage(change, &Stage::Statements).await,
        };
        match outcome {
            Outcome::Done if !self.last(change).is_empty() => {
                self.stage(change, &Stage::Finish).await
            }
            Outcome::Failed(why) if !change.otherwise.is_empty() => {
                let undone = self.stage(change, &Stage::Otherwise).await;
                Outcome::Failed(match undone.reason() {
                    None => why,
                    Some(more) => format!("{why}; and what it prepared stays: {more}"),
                })
            }
            outcome => outcome,
        }
    }

    /// What follows statements that are no transaction.
    fn last(&self, change: &Change) -> Vec<String> {
        let mut last = change.finish.clone();
        if !change.transactional() {
            last.extend(self.table.map(|table| table.row(change)));
        }
        last
    }

    /// One part of a change, as often as locks and patience allow.
    async fn stage(&self, change: &Change, stage: &Stage) -> Outcome {
        let attempt = async || match stage {
            Stage::Statements if change.alone => self.alone(change).await,
            Stage::Statements | Stage::Batch => {
                let row = self.table.map(|table| table.row(change));
                let all: Vec<String> = change.statements.iter().cloned().chain(row).collect();
                self.transaction(&all).await
            }
            Stage::Finish => self.transaction(&self.last(change)).await,
            Stage::Otherwise => self.transaction(&change.otherwise).await,
        };
        match self.patiently(change, stage, attempt).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    /// Tries until it is done, is refused, or patience ends.
    pub(super) async fn patiently<T>(
        &self,
        change: &Change,
        stage: &Stage,
        attempt: impl AsyncFn() -> Result<T, Missed>,
    ) -> Result<T, Outcome> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(100);
        loop {
            let missed = match attempt().await {
                Ok(made) => return Ok(made),
                Err(missed) => missed,
            };
            if is_lost(&missed.error) {
                return Err(Outcome::Unknown(format!("{:#}", missed.error)));
            }
            let left = self.clean_up(change, stage).await;
            if let Some(why) = hindered::why(&self.session, change, &missed.error).await {
                return Err(Outcome::Skipped(why));
            }
            if !is_lock(&missed.error) {
                return Err(Outcome::Failed(format!("{:#}{left}", missed.error)));
            }
            let why = locked(change, stage, &missed);
            if started.elapsed() + pause >= self.patience.max_wait {
                return Err(Outcome::Skipped(format!("{why}{left}")));
            }
            self.observer.waits(change, &why);
            let jitter: f64 = rand::rng().random_range(0.5..1.5);
            tokio::time::sleep(pause.mul_f64(jitter)).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    async fn transaction(&self, statements: &[String]) -> Result<(), Missed> {
        // Through a pooler no session of ours lasts, so that each transaction says that it is at work.
        let at_work = self.pid.is_none();
        let at_work = at_work.then(|| format!("select pg_advisory_xact_lock_shared({AT_WORK})"));
        let all: Vec<String> = at_work
            .into_iter()
            .chain(statements.iter().cloned())
            .collect();
        let text = transaction(&all, self.patience.lock_timeout);
        self.watched(&text, self.patience.lock_timeout).await?;
        Ok(())
    }

    async fn alone(&self, change: &Change) -> Result<(), Missed> {
        for statement in &change.statements {
            self.watched(statement, self.patience.max_wait).await?;
        }
        let Some(index) = &change.builds else {
            return Ok(());
        };
        let error = match self.validity(index).await {
            Ok(Some(true)) => return Ok(()),
            Ok(Some(false)) => anyhow::anyhow!("the server built an invalid index {index}"),
            Ok(None) => anyhow::anyhow!("index {index} is gone right after it was built"),
            Err(error) => error,
        };
        Err(Missed {
            error,
            blockers: Vec::new(),
        })
    }

    /// One transaction, tried once; it does not stay open, whatever becomes of it.
    pub(super) async fn tried(&self, text: &str) -> Result<Vec<SimpleQueryMessage>> {
        let attempt = self.session.simple_query(text).await;
        if attempt.is_err() {
            // If this fails the connection is gone, and with it the transaction.
            let _ = self.session.batch_execute("rollback").await;
        }
        attempt.map_err(explain)
    }

    /// Runs statements and, when they take suspiciously long, looks who is in the way: once the
    /// wait is over nobody can tell any more.
    pub(super) async fn watched(
        &self,
        text: &str,
        limit: Duration,
    ) -> Result<Vec<SimpleQueryMessage>, Missed> {
        let look = limit.mul_f64(0.6).min(Duration::from_secs(20));
        let work = self.session.simple_query(text);
        tokio::pin!(work);
        let mut blockers = Vec::new();
        let ended = tokio::select! {
            ended = &mut work => ended,
            () = tokio::time::sleep(look) => {
                if let Some(pid) = self.pid {
                    // A look that fails must not stop the change.
                    blockers = self.exclusive.blockers(pid).await.unwrap_or_default();
                }
                work.await
            }
        };
        ended.map_err(|error| Missed {
            error: explain(error),
            blockers,
        })
    }

    /// After a failure: ends the transaction, or takes away a half-built index. What is left is
    /// said in the answer.
    async fn clean_up(&self, change: &Change, stage: &Stage) -> String {
        if stage.is_transaction(change) {
            // If this fails the connection is gone, and with it the transaction.
            let _ = self.session.batch_execute("rollback").await;
            return String::new();
        }
        let Some(index) = &change.builds else {
            return String::new();
        };
        if !matches!(self.validity(index).await, Ok(Some(false))) {
            return String::new();
        }
        let dropping = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
        match self.session.batch_execute(&dropping).await {
            Ok(()) => String::new(),
            Err(_) => format!("; invalid index {index} is left, the next run replaces it"),
        }
    }

    /// Whether an index is valid; `None` where there is none of that name.
    async fn validity(&self, index: &str) -> Result<Option<bool>> {
        let question = format!(
            "select i.indisvalid from pg_catalog.pg_index i
             where i.indexrelid = pg_catalog.to_regclass({})",
            literal(index)
        );
        Ok(self.ask(&question).await?.map(|answer| answer == "t"))
    }

    async fn ask(&self, question: &str) -> Result<Option<String>> {
        let messages = self.session.simple_query(question).await.map_err(explain)?;
        Ok(messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }
}

/// One transaction as one message: a table costs one round trip.
pub(super) fn transaction(statements: &[String], lock_timeout: Duration) -> String {
    format!(
        "begin; set local lock_timeout = {}; set local search_path = pg_catalog; \
         set local tenantctl.watchdog = 'off'; {}; commit",
        millis(lock_timeout),
        statements.join("; ")
    )
}

/// 0 would mean to wait for ever.
pub(crate) fn millis(limit: Duration) -> u128 {
    limit.as_millis().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_one_message_and_one_transaction() {
        let statements = ["alter table a".to_owned(), "create policy p".to_owned()];
        assert_eq!(
            transaction(&statements, Duration::from_secs(2)),
            "begin; set local lock_timeout = 2000; set local search_path = pg_catalog; \
             set local tenantctl.watchdog = 'off'; alter table a; create policy p; commit"
        );
    }

    #[test]
    fn no_patience_is_not_endless_patience() {
        assert_eq!(millis(Duration::ZERO), 1);
    }
}
