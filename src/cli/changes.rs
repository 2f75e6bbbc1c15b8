//! What `apply` and `revert` have in common: one plan, one run, one look at what came of it.

use std::cell::Cell;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Context, ask, audit, lockout};
use crate::catalog::{self, Comments, Snapshot};
use crate::exit::{Code, usage};
use crate::plan::add_key::Filling;
use crate::plan::apply::{self, Exclusive, Observer, Outcome, Patience};
use crate::plan::journal::{About, Journal, JournalTable};
use crate::plan::{Change, Plan, obstacles, rehearsal};
use crate::report::{self, Progress, about};
use crate::session::Connector;

/// More than these are counted instead of listed in an error.
const MAX_LISTED: usize = 20;

/// The catalogs as they are now, and what earlier runs wrote into them. The session ends: its
/// snapshot would hold up index builds.
pub(super) async fn read(context: &Context) -> Result<(Snapshot, Comments)> {
    let (session, snapshot) = audit::snapshot(context).await?;
    let comments = catalog::comments(&session).await?;
    session.close().await;
    Ok((snapshot, comments))
}

/// How a plan is made from what was read.
type Planner<'p> = dyn Fn(&Snapshot, &Comments) -> Result<Plan> + 'p;

/// A command that changes the database.
pub(super) struct Run<'r> {
    pub(super) context: &'r Context,
    /// `apply` or `revert`.
    pub(super) command: &'static str,
    /// Whether nobody is to be asked.
    pub(super) yes: bool,
    pub(super) patience: Patience,
    pub(super) recording: &'r Recording,
    pub(super) planner: &'r Planner<'r>,
    /// Roles that may lose sight of rows.
    pub(super) accepted: &'r [String],
}

/// What a run came to.
pub(super) struct Came {
    pub(super) code: Code,
    pub(super) snapshot: Snapshot,
    pub(super) plan: Plan,
    pub(super) outcomes: Vec<Outcome>,
}

impl Run<'_> {
    /// Plans, asks, changes and looks; `None` where the answer was no.
    pub(super) async fn run(&self) -> Result<Option<Came>> {
        if !self.yes && !std::io::stdin().is_terminal() {
            let look = match self.command {
                "apply" => "`tenantctl plan`".to_owned(),
                other => format!("`tenantctl {other} --dry-run`"),
            };
            return Err(usage(format!(
                "{} asks before it changes anything, and stdin is no terminal: look at {look}, \
                 then say --yes",
                self.command
            )));
        }
        let connector = self.context.connector()?;
        let say = |text: &str| self.context.note(text);
        let exclusive = Exclusive::take(&connector, self.patience.max_wait, &say).await?;
        let (snapshot, comments) = read(self.context).await?;
        let plan = (self.planner)(&snapshot, &comments)?;
        may(&snapshot, &plan)?;
        let plan = lockout::observe(self.context, &snapshot, plan).await?;
        lockout::agreed(&snapshot, &plan, self.accepted)?;
        let mut outcomes = Vec::new();
        if !plan.changes.is_empty() {
            let shown = || report::plan::table(&plan);
            if !self.yes && !ask::agreed(&shown(), "Make these changes?").await? {
                self.context.note("nothing was changed");
                return Ok(None);
            }
            outcomes = self
                .make((&connector, &exclusive), &snapshot, &plan)
                .await?;
        }
        let (code, outcomes) = self.verify(&plan, outcomes).await?;
        exclusive.release().await;
        Ok(Some(Came {
            code,
            snapshot,
            plan,
            outcomes,
        }))
    }

    async fn make(
        &self,
        (connector, exclusive): (&Connector, &Exclusive),
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<Vec<Outcome>> {
        let table = self.recording.journal_table.as_deref();
        let table = table.map(|name| JournalTable::new(name, self.command, plan));
        let table = table.transpose()?;
        let about = About {
            command: self.command,
            plan: plan.id.clone(),
            target: connector.label(),
            role: snapshot.role_name(snapshot.server.session_role).to_owned(),
            user: std::env::var("SUDO_USER")
                .or_else(|_| std::env::var("USER"))
                .ok(),
        };
        let path = self.recording.journal.clone().or_else(default_journal);
        let journal = path.map(|path| Journal::open(&path, about)).transpose()?;
        if journal.is_none() {
            self.context
                .note("no journal is written: neither XDG_STATE_HOME nor HOME is set");
        }
        let watching = Watching {
            progress: self.context.progress(plan.changes.len(), "changes"),
            quiet: self.context.globals.quiet,
            journal,
            said: Cell::new(Instant::now()),
        };
        let run = apply::Run {
            patience: self.patience,
            table: table.as_ref(),
            observer: &watching,
            event_triggers: &rehearsal::event_triggers(snapshot),
        };
        let outcomes = apply::run(connector, exclusive, plan, run).await?;
        if let Some(complaint) = watching.journal.as_ref().and_then(Journal::complaint) {
            self.context.note(&complaint);
        }
        Ok(outcomes)
    }

    /// Reads the catalogs again: an empty plan is the proof that the work is done, and the answer
    /// that a broken connection swallowed.
    async fn verify(
        &self,
        plan: &Plan,
        mut outcomes: Vec<Outcome>,
    ) -> Result<(Code, Vec<Outcome>)> {
        let unfinished = outcomes.len() < plan.changes.len();
        if outcomes.is_empty() && !unfinished {
            return Ok((Code::Done, outcomes));
        }
        let again = async {
            let (snapshot, comments) = read(self.context).await?;
            (self.planner)(&snapshot, &comments)
        }
        .await;
        let made =
            |change: &Change, after: &Plan| !after.changes.iter().any(|left| left.id == change.id);
        let last = outcomes.len().saturating_sub(1);
        if let Some(Outcome::Unknown(why)) = outcomes.get_mut(last) {
            let found = match &again {
                Ok(after) if made(&plan.changes[last], after) => {
                    "read again: the change was made".to_owned()
                }
                Ok(_) => "read again: the change was not made".to_owned(),
                Err(error) => format!("and cannot be read: {error:#}"),
            };
            *why = format!("{why}; whether the change was made was unknown, {found}");
        }
        if unfinished || outcomes.iter().any(|outcome| *outcome != Outcome::Done) {
            return Ok((Code::Failed, outcomes));
        }
        let after = again.context("the changes were made, but cannot be read again")?;
        if after.changes.is_empty() {
            return Ok((Code::Done, outcomes));
        }
        let ids = after.changes.iter().map(|change| change.id.as_str());
        self.context.note(&format!(
            "somebody else changed the database while {} ran: {} is to be done again",
            self.command,
            listed(&ids.collect::<Vec<_>>())
        ));
        Ok((Code::Findings, outcomes))
    }
}

/// Refuses before the first change what would be refused half-way.
fn may(snapshot: &Snapshot, plan: &Plan) -> Result<()> {
    let found = obstacles(snapshot, plan);
    if found.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    bail!(
        "role {} may not make these changes, so none was made: {}; connect as the owner, a member \
         of it or a superuser",
        snapshot.role_name(snapshot.server.session_role),
        listed(&texts)
    );
}

pub(super) fn listed(items: &[&str]) -> String {
    let shown = items.iter().take(MAX_LISTED).copied();
    let mut text = shown.collect::<Vec<_>>().join("; ");
    if items.len() > MAX_LISTED {
        text.push_str(&format!("; and {} more", items.len() - MAX_LISTED));
    }
    text
}

/// Where `apply` and `revert` write down what they did.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Recording {
    /// Append who changed what, when and with what outcome to this file [default:
    /// $XDG_STATE_HOME/tenantctl/journal.jsonl]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Keep the same in this table of the database as well; made where it is missing
    #[arg(long, value_name = "SCHEMA.TABLE")]
    journal_table: Option<String>,
}

fn default_journal() -> Option<PathBuf> {
    Some(super::context::state_folder()?.join("journal.jsonl"))
}

/// How often a backfill is told of where no bar is drawn.
const SAY_EVERY: Duration = Duration::from_secs(10);

struct Watching {
    progress: Progress,
    quiet: bool,
    journal: Option<Journal>,
    /// When a backfill was told of.
    said: Cell<Instant>,
}

impl Observer for Watching {
    fn begins(&self, change: &Change) {
        if let Some(journal) = &self.journal {
            journal.begins(change);
        }
        self.progress
            .now(crate::session::quote::printable(&change.object));
    }

    fn waits(&self, change: &Change, why: &str) {
        if !self.quiet {
            self.progress
                .line(&format!("tenantctl: {}: {why}; trying again", change.id));
        }
    }

    fn fills(&self, change: &Change, how_far: &Filling) {
        let percent = 100 * how_far.done / how_far.blocks.max(1);
        let left = how_far.left().map(|left| format!(", {} left", about(left)));
        let object = crate::session::quote::printable(&change.object);
        let text = format!(
            "{object}: {percent} %, {} rows filled{}",
            how_far.rows,
            left.unwrap_or_default()
        );
        if self.progress.is_shown() {
            self.progress.now(text);
        } else if !self.quiet && self.said.get().elapsed() >= SAY_EVERY {
            self.said.set(Instant::now());
            self.progress.line(&format!("tenantctl: {text}"));
        }
    }

    fn ends(&self, change: &Change, outcome: &Outcome) {
        if let Some(journal) = &self.journal {
            journal.ends(change, outcome);
        }
        self.progress.step();
    }
}

/// How long others may wait behind us; the same option everywhere.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct LockTimeout {
    /// How long one attempt waits for a lock, keeping others waiting behind it
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = super::duration::parse)]
    pub(super) lock_timeout: Duration,
}

/// How long to wait for locks.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Waiting {
    #[command(flatten)]
    one: LockTimeout,
    /// How long to try one change before it is skipped
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::duration::parse)]
    max_wait: Duration,
}

impl Waiting {
    pub(super) fn patience(self) -> Patience {
        Patience {
            lock_timeout: self.one.lock_timeout,
            max_wait: self.max_wait,
        }
    }
}
