//! The only place where an attack runs: a transaction that is always rolled back.

use anyhow::{Context as _, Result, bail};

use super::ear::Ear;
use super::reply::{Answer, Refused, Reply};
use super::trail::Trail;
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

/// How a transaction is opened, and who takes note of it.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// The setting that carries the context.
    pub(super) context: &'a str,
    /// What becomes the attacker: nothing, or SET LOCAL ROLE.
    pub(super) opening: &'a str,
    pub(super) read_only: bool,
    pub(super) trail: &'a Trail,
}

impl<'a> Manner<'a> {
    /// The administrator's own, to make and remove rows.
    pub(super) fn of_admin(context: &'a str, trail: &'a Trail) -> Self {
        Self {
            context,
            opening: "",
            read_only: false,
            trail,
        }
    }
}

/// An open transaction with a savepoint to which every attempt returns.
pub(super) struct Arena<'a> {
    pub(super) client: &'a Session,
    pub(super) trail: &'a Trail,
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
    /// The last statement was refused: nothing runs before the return to the savepoint.
    pub(super) failed: bool,
    /// How many statements did not come to an end, and what the server said of the last one.
    stuck: (usize, Option<Refused>),
    /// Another session's transaction, in which statements of this organization run.
    partner: Option<(&'a str, Box<Arena<'a>>)>,
}

/// Limits of every attacking transaction: nobody waits for a probe, and a probe waits for nobody.
/// Half of the usual `deadlock_timeout`: where we and the application wait for each other, we give
/// up before the server looks for somebody to sacrifice.
pub(super) const LIMITS: &str = "set local statement_timeout = '15s'; set local lock_timeout = '500ms'; \
                      set local idle_in_transaction_session_timeout = '60s';";

/// Asks whether they hold: a setting may be pinned by a pooler or a fork of the server.
const IN_FORCE: &str = "select pg_catalog.current_setting('statement_timeout') = '15s' \
                        and pg_catalog.current_setting('lock_timeout') = '500ms' \
                        and pg_catalog.current_setting('idle_in_transaction_session_timeout') = '1min';";

/// After so many statements without an end the rest of a transaction's attempts is not made: a
/// table that somebody keeps locked must not hold up a probe for minutes.
const MOST_STUCK: usize = 3;

/// Ends a transaction and tells its id, where it had one. Locks of the session, which a function
/// may have taken, would outlast it.
const ID: &str = "select pg_catalog.pg_current_xact_id_if_assigned()::text;";
const END: &str = "rollback; select pg_catalog.pg_advisory_unlock_all()";

impl<'a> Arena<'a> {
    /// Opens a transaction, runs `work` in it and rolls it back, whatever came of it. Where the
    /// rollback itself is lost, so is the connection, and the server rolls back.
    pub(super) async fn rolled_back<T>(
        client: &'a Session,
        manner: Manner<'a>,
        work: impl AsyncFnOnce(&mut Arena<'a>) -> Result<T>,
    ) -> Result<(T, usize)> {
        let mut arena = Self::at(client, manner);
        let outcome = arena.opened(manner, work).await;
        let ended = arena.end().await;
        let value = outcome?;
        ended.context("cannot roll back the attacks; the connection is dropped instead")?;
        Ok((value, arena.attempts))
    }

    /// The same with two sessions: single statements with the context at `whose` run in the second.
    pub(super) async fn of_two<T>(
        client: &'a Session,
        (partner, whose): (&'a Session, &'a str),
        manner: Manner<'a>,
        work: impl AsyncFnOnce(&mut Arena<'a>) -> Result<T>,
    ) -> Result<(T, usize)> {
        let second = Self::at(partner, manner);
        let opened = second.open(manner).await;
        let done = match opened {
            Ok(()) => {
                Self::rolled_back(client, manner, async |arena| {
                    arena.partner = Some((whose, Box::new(second)));
                    work(arena).await
                })
                .await
            }
            Err(error) => Err(error).context("cannot begin a transaction to attack in"),
        };
        let ended = Self::at(partner, manner).end().await;
        let done = done?;
        ended.context("cannot roll back the attacks; the connection is dropped instead")?;
        Ok(done)
    }

    /// The same for rows that are to stay for others to see: committed where `work` came to its end.
    /// Not a transaction of attacks, so that it is not among those that must have been rolled back.
    pub(super) async fn committed<T>(
        client: &'a Session,
        manner: Manner<'a>,
        work: impl AsyncFnOnce(&mut Arena<'a>) -> Result<T>,
    ) -> Result<T> {
        let mut arena = Self::at(client, manner);
        let outcome = arena.opened(manner, work).await;
        let end = if outcome.is_ok() {
            "rollback to savepoint tenantctl; commit"
        } else {
            "rollback"
        };
        let ended = client.batch_execute(end).await.map_err(explain);
        let value = outcome?;
        ended.context("cannot commit")?;
        Ok(value)
    }

    fn at(client: &'a Session, manner: Manner<'a>) -> Self {
        Self {
            client,
            trail: manner.trail,
            context: setting(manner.context),
            ear: Ear::default(),
            prologue: Vec::new(),
            notices: Vec::new(),
            attempts: 0,
            failed: false,
            stuck: (0, None),
            partner: None,
        }
    }

    async fn opened<T>(
        &mut self,
        manner: Manner<'_>,
        work: impl AsyncFnOnce(&mut Arena<'a>) -> Result<T>,
    ) -> Result<T> {
        self.open(manner)
            .await
            .context("cannot begin a transaction to attack in")?;
        work(self).await
    }

    async fn open(&self, manner: Manner<'_>) -> Result<()> {
        let access = if manner.read_only { ", read only" } else { "" };
        let open = format!(
            "begin isolation level repeatable read{access}; {LIMITS} {IN_FORCE} {} \
             savepoint tenantctl_start; savepoint tenantctl",
            manner.opening
        );
        let messages = self.client.simple_query(&open).await.map_err(explain)?;
        let Reply::Done(answers) = Reply::read(messages) else {
            return Ok(());
        };
        let held = answers.iter().find_map(|answer| answer.rows.first());
        if held.and_then(|row| row.first()?.as_deref()) != Some("t") {
            bail!("the server does not take the timeouts that an attack needs");
        }
        Ok(())
    }

    async fn end(&self) -> Result<()> {
        let whole = format!("rollback to savepoint tenantctl; {ID} {END}");
        if let Ok(messages) = self.client.simple_query(&whole).await {
            let answers = Reply::read(messages);
            if let Reply::Done(answers) = &answers
                && let Some(id) = answers.iter().find_map(|answer| answer.rows.first())
                && let Some(Some(id)) = id.first()
            {
                self.trail.transaction(id);
            }
            return Ok(());
        }
        // The transaction was never opened, or the role may not call these functions.
        self.trail.unasked();
        self.client.batch_execute("rollback").await.map_err(explain)
    }

    /// One attempt under one context: a single statement.
    pub(super) async fn attempt(&mut self, who: As<'_>, sql: &str) -> Result<Reply> {
        self.attempts += 1;
        match (&mut self.partner, who) {
            (Some((whose, partner)), As::Context(value)) if *whose == value => {
                let reply = partner.run(&[(who, sql)]).await?;
                self.notices.clone_from(&partner.notices);
                Ok(reply)
            }
            _ => self.run(&[(who, sql)]).await,
        }
    }

    /// Statements one after the other in one savepoint; answers to the statements only.
    pub(super) async fn script(&mut self, steps: &[(As<'_>, &str)]) -> Result<Reply> {
        self.attempts += 1;
        self.run(steps).await
    }

    /// Statements like those of an attempt, by whoever makes rows; they stay until the next ones
    /// unless [`keep`](Self::keep) says so.
    pub(super) async fn rehearse(&mut self, steps: &[(As<'_>, &str)]) -> Result<Reply> {
        let (text, wanted) = self.script_of(steps);
        let sent = self.send(&text).await?;
        // Whoever makes rows knows them: nothing that is said here is overheard.
        self.client.take_notices();
        // Whatever comes next returns to the savepoint first.
        self.failed = true;
        Ok(picked(sent, &wanted))
    }

    /// Makes what the last statements did last until the end.
    pub(super) async fn keep(&mut self) -> Result<()> {
        self.failed = false;
        let text = "release savepoint tenantctl; savepoint tenantctl";
        self.client.batch_execute(text).await.map_err(explain)
    }

    async fn run(&mut self, steps: &[(As<'_>, &str)]) -> Result<Reply> {
        if let (MOST_STUCK.., Some(last)) = &self.stuck {
            return Ok(Reply::Refused(last.clone()));
        }
        let (mut text, wanted) = self.script_of(steps);
        // At once, not before the next attempt: rows stay locked no longer than the statement runs.
        text += " rollback to savepoint tenantctl";
        let sent = self.send(&text).await?;
        self.notices = self.client.take_notices();
        self.ear.hear(steps, (sent.as_ref().err(), &self.notices));
        Ok(picked(sent, &wanted))
    }

    /// Statements with their contexts, and which of the answers are theirs.
    fn script_of(&self, steps: &[(As<'_>, &str)]) -> (String, Vec<usize>) {
        let mut text = String::new();
        let mut wanted = Vec::new();
        let mut position = 0;
        if self.failed {
            text += "rollback to savepoint tenantctl;";
            position += 1;
        }
        for (who, sql) in steps {
            if let As::Context(value) = who {
                text += &format!(" set local {} = {};", self.context, quote::literal(value));
                position += 1;
            }
            wanted.push(position);
            position += 1;
            text += &format!(" {sql};");
        }
        (text, wanted)
    }

    /// One round trip; a refusal is an answer.
    async fn send(&mut self, text: &str) -> Result<Result<Vec<Answer>, Refused>> {
        match self.client.simple_query(text).await {
            Ok(messages) => {
                self.failed = false;
                Ok(Ok(match Reply::read(messages) {
                    Reply::Done(answers) => answers,
                    Reply::Refused(_) => Vec::new(),
                }))
            }
            Err(error) => {
                let refused = Refused::from_driver(error)?;
                self.failed = true;
                self.trail.refused(&refused);
                if refused.timed_out() {
                    self.stuck = (self.stuck.0 + 1, Some(refused.clone()));
                }
                Ok(Err(refused))
            }
        }
    }

    /// Back to how the transaction began: what was prepared is gone, and what is visible is the same.
    pub(super) async fn start_over(&mut self) -> Result<()> {
        let sql = "rollback to savepoint tenantctl_start; savepoint tenantctl";
        self.client.batch_execute(sql).await.map_err(explain)?;
        self.prologue.clear();
        self.failed = false;
        Ok(())
    }

    /// A statement of the administrator's before the attacks; stays until the end. Moves the
    /// savepoint that attempts return to.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Reply> {
        let text = format!(
            "rollback to savepoint tenantctl; {sql}; release savepoint tenantctl; savepoint tenantctl"
        );
        let mut answers = match self.send(&text).await? {
            Ok(answers) => answers,
            Err(refused) => return Ok(Reply::Refused(refused)),
        };
        // Not the first (rollback), not the last two.
        answers.truncate(answers.len().saturating_sub(2));
        Ok(Reply::Done(answers))
    }
}

/// The answers to the statements themselves.
fn picked(sent: Result<Vec<Answer>, Refused>, wanted: &[usize]) -> Reply {
    match sent {
        Ok(answers) => {
            let numbered = answers.into_iter().enumerate();
            let kept = numbered.filter(|(nth, _)| wanted.contains(nth));
            Reply::Done(kept.map(|(_, answer)| answer).collect())
        }
        Err(refused) => Reply::Refused(refused),
    }
}

/// A setting's name as SQL: each part quoted by itself.
pub(super) fn setting(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(quote::ident).collect();
    parts.join(".")
}
