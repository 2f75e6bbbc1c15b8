//! The only place where an attack runs: a transaction that is always rolled back.

use anyhow::{Context as _, Result};

use super::ear::Ear;
use super::reply::{Refused, Reply};
use crate::session::error::explain;
use crate::session::{Session, quote};

/// Which organization the context says.
#[derive(Clone, Copy, Debug)]
pub(super) enum As<'a> {
    /// The setting is left as it is.
    Unset,
    /// The setting is this.
    Context(&'a str),
}

/// An open transaction with a savepoint to which every attempt returns first.
pub(super) struct Arena<'a> {
    pub(super) client: &'a Session,
    /// The setting that carries the context, as SQL.
    pub(super) context: String,
    /// Listens for the victim's values in what the server says.
    pub(super) ear: Ear,
    /// Statements that an administrator ran before the attacks, for the evidence.
    pub(super) prologue: Vec<String>,
    /// What the server told beside its answers to the last attempt.
    pub(super) notices: Vec<String>,
    /// How many attempts were made.
    pub(super) attempts: usize,
}

/// Limits of every attacking transaction: nobody waits for a probe, and a probe waits for nobody.
pub(super) const LIMITS: &str = "set local statement_timeout = '15s'; set local lock_timeout = '2s'; \
                      set local idle_in_transaction_session_timeout = '60s';";

impl<'a> Arena<'a> {
    /// Opens a transaction, runs `work` in it and rolls it back, whatever came of it. Where the
    /// rollback itself is lost, so is the connection, and the server rolls back.
    pub(super) async fn rolled_back<T>(
        client: &'a Session,
        (context, opening, read_only): (&str, &str, bool),
        work: impl AsyncFnOnce(&mut Arena<'a>) -> Result<T>,
    ) -> Result<(T, usize)> {
        let begin = if read_only {
            "begin isolation level repeatable read, read only;"
        } else {
            "begin isolation level repeatable read;"
        };
        let mut arena = Arena {
            client,
            context: setting(context),
            ear: Ear::default(),
            prologue: Vec::new(),
            notices: Vec::new(),
            attempts: 0,
        };
        let open =
            format!("{begin} {LIMITS} {opening} savepoint tenantctl_start; savepoint tenantctl");
        let outcome = match client.batch_execute(&open).await.map_err(explain) {
            Ok(()) => work(&mut arena).await,
            Err(error) => Err(error).context("cannot begin a transaction to attack in"),
        };
        let ended = client.batch_execute("rollback").await.map_err(explain);
        let value = outcome?;
        ended.context("cannot roll back the attacks; the connection is dropped instead")?;
        Ok((value, arena.attempts))
    }

    /// One attempt under one context: a single statement.
    pub(super) async fn attempt(&mut self, who: As<'_>, sql: &str) -> Result<Reply> {
        self.attempts += 1;
        self.run(&[(who, sql)]).await
    }

    /// Statements one after the other in one savepoint; answers to the statements only.
    pub(super) async fn script(&mut self, steps: &[(As<'_>, &str)]) -> Result<Reply> {
        self.attempts += 1;
        self.run(steps).await
    }

    async fn run(&mut self, steps: &[(As<'_>, &str)]) -> Result<Reply> {
        let mut text = String::from("rollback to savepoint tenantctl;");
        let mut wanted = Vec::new();
        let mut position = 1;
        for (who, sql) in steps {
            if let As::Context(value) = who {
                text += &format!(" set local {} = {};", self.context, quote::literal(value));
                position += 1;
            }
            wanted.push(position);
            position += 1;
            text += &format!(" {sql};");
        }
        let reply = match self.client.simple_query(&text).await {
            Ok(messages) => {
                let Reply::Done(answers) = Reply::read(messages) else {
                    return Ok(Reply::Done(Vec::new()));
                };
                let mut nth = 0;
                let kept = answers.into_iter().filter(|_| {
                    nth += 1;
                    wanted.contains(&(nth - 1))
                });
                Reply::Done(kept.collect())
            }
            Err(error) => Reply::Refused(Refused::from_driver(error)?),
        };
        self.notices = self.client.take_notices();
        self.ear.hear(steps, (reply.refused(), &self.notices));
        Ok(reply)
    }

    /// Back to how the transaction began: what was prepared is gone, and what is visible is the same.
    pub(super) async fn start_over(&mut self) -> Result<()> {
        let sql = "rollback to savepoint tenantctl_start; savepoint tenantctl";
        self.client.batch_execute(sql).await.map_err(explain)?;
        self.prologue.clear();
        Ok(())
    }

    /// A statement of the administrator's before the attacks; stays until the end. Moves the
    /// savepoint that attempts return to.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Reply> {
        let text = format!(
            "rollback to savepoint tenantctl; {sql}; release savepoint tenantctl; savepoint tenantctl"
        );
        match self.client.simple_query(&text).await {
            Ok(messages) => {
                let Reply::Done(mut answers) = Reply::read(messages) else {
                    return Ok(Reply::Done(Vec::new()));
                };
                // Not the first (rollback), not the last two.
                answers.truncate(answers.len().saturating_sub(2));
                Ok(Reply::Done(answers))
            }
            Err(error) => Refused::from_driver(error).map(Reply::Refused),
        }
    }
}

/// A setting's name as SQL: each part quoted by itself.
pub(super) fn setting(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(quote::ident).collect();
    parts.join(".")
}
