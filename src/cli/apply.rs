//! `tenantctl apply`

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::plan::{Choose, target};
use super::{Context, ask, audit, duration};
use crate::catalog::Snapshot;
use crate::exit::{Code, usage};
use crate::plan::apply::{self, Exclusive, Observer, Outcome, Patience};
use crate::plan::{Change, Plan, obstacles};
use crate::report::{self, Format, Progress, style};
use crate::session::Connector;
use crate::settings::Settings;
use crate::tenancy::Tenancy;

/// More than these are counted instead of listed in an error.
const MAX_LISTED: usize = 20;

/// Make the changes that `plan` shows: short locks, retries, nothing half done
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Do not ask; needed where stdin is no terminal
    #[arg(short, long)]
    yes: bool,
    /// How to report what was done
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    #[command(flatten)]
    choose: Choose,
    /// How long to try one change before it is skipped
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    max_wait: Duration,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        if !self.yes && !std::io::stdin().is_terminal() {
            return Err(usage(
                "apply asks before it changes anything, and stdin is no terminal: look at \
                 `tenantctl plan`, then say --yes",
            ));
        }
        let output = context.output()?;
        let connector = context.connector()?;
        let say = |text: &str| context.note(text);
        let exclusive = Exclusive::take(&connector, self.max_wait, &say).await?;
        let snapshot = self.read(context).await?;
        let plan = self.plan(&snapshot, &settings)?;
        may(&snapshot, &plan)?;
        let outcomes = if plan.changes.is_empty() {
            Vec::new()
        } else {
            if !self.yes && !ask::agreed(&report::plan::table(&plan), "Make these changes?").await?
            {
                context.note("nothing was changed");
                return Ok(Code::Done);
            }
            self.make(context, &connector, &exclusive, &plan).await?
        };
        let (code, outcomes) = self.verify(context, &settings, &plan, outcomes).await?;
        exclusive.release().await;
        if output.is_file() {
            style::choose(style::When::Never);
        }
        output.write(&match self.format {
            Format::Table if plan.changes.is_empty() => report::plan::table(&plan),
            Format::Table => report::plan::applied(&plan, &outcomes),
            Format::Json => {
                report::plan::json(&plan, &target(&snapshot, &settings), Some(&outcomes))
            }
        })?;
        Ok(code)
    }

    /// The catalogs as they are now. The session ends: its snapshot would hold up index builds.
    async fn read(&self, context: &Context) -> Result<Snapshot> {
        let (session, snapshot) = audit::snapshot(context).await?;
        session.close().await;
        Ok(snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, settings: &Settings) -> Result<Plan> {
        Plan::make(&Tenancy::resolve(snapshot, settings)?, self.choose.choice())
    }

    async fn make(
        &self,
        context: &Context,
        connector: &Connector,
        exclusive: &Exclusive,
        plan: &Plan,
    ) -> Result<Vec<Outcome>> {
        let watching = Watching {
            progress: context.progress(plan.changes.len(), "changes"),
            quiet: context.globals.quiet,
        };
        let patience = Patience {
            lock_timeout: self.choose.lock_timeout,
            max_wait: self.max_wait,
        };
        apply::run(connector, exclusive, plan, patience, &watching).await
    }

    /// Reads the catalogs again: an empty plan is the proof that the work is done, and the answer
    /// that a broken connection swallowed.
    async fn verify(
        &self,
        context: &Context,
        settings: &Settings,
        plan: &Plan,
        mut outcomes: Vec<Outcome>,
    ) -> Result<(Code, Vec<Outcome>)> {
        let unfinished = outcomes.len() < plan.changes.len();
        if outcomes.is_empty() && !unfinished {
            return Ok((Code::Done, outcomes));
        }
        let again = async { self.plan(&self.read(context).await?, settings) }.await;
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
        let ids: Vec<&str> = after
            .changes
            .iter()
            .map(|change| change.id.as_str())
            .collect();
        context.note(&format!(
            "somebody else changed the database while apply ran: {} is to be done again; see \
             `tenantctl plan`",
            listed(&ids)
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

fn listed(items: &[&str]) -> String {
    let shown = items.iter().take(MAX_LISTED).copied();
    let mut text = shown.collect::<Vec<_>>().join("; ");
    if items.len() > MAX_LISTED {
        text.push_str(&format!("; and {} more", items.len() - MAX_LISTED));
    }
    text
}

struct Watching {
    progress: Progress,
    quiet: bool,
}

impl Observer for Watching {
    fn begins(&self, change: &Change) {
        self.progress
            .now(crate::session::quote::printable(&change.object));
    }

    fn waits(&self, change: &Change, why: &str) {
        if !self.quiet {
            self.progress
                .line(&format!("tenantctl: {}: {why}; trying again", change.id));
        }
    }

    fn ends(&self, _: &Change, _: &Outcome) {
        self.progress.step();
    }
}
