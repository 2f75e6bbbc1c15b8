//! `tenantctl apply`

use std::time::Duration;

use anyhow::Result;

use super::changes::{Recording, Run};
use super::plan::{Choose, target};
use super::{Context, duration};
use crate::exit::Code;
use crate::plan::Plan;
use crate::plan::apply::Patience;
use crate::report::{self, Format, style};
use crate::tenancy::Tenancy;

/// Make the changes that `plan` shows: short locks, retries, nothing half done
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Do not ask; needed where stdin is no terminal
    #[arg(short, long)]
    yes: bool,
    /// How to report what was done
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// A role that may lose sight of rows, as `plan` shows it; say it once for each
    #[arg(long, value_name = "ROLE")]
    accept_lockout: Vec<String>,
    #[command(flatten)]
    choose: Choose,
    /// How long to try one change before it is skipped
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    max_wait: Duration,
    #[command(flatten)]
    recording: Recording,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        let output = context.output()?;
        let choice = self.choose.choice();
        let run = Run {
            context,
            command: "apply",
            yes: self.yes,
            patience: Patience {
                lock_timeout: self.choose.lock_timeout,
                max_wait: self.max_wait,
            },
            recording: &self.recording,
            planner: &|snapshot, comments| {
                Plan::make(&Tenancy::resolve(snapshot, &settings)?, comments, &choice)
            },
            accepted: &self.accept_lockout,
        };
        let Some(came) = run.run().await? else {
            return Ok(Code::Done);
        };
        if output.is_file() {
            style::choose(style::When::Never);
        }
        output.write(&match self.format {
            Format::Table if came.plan.changes.is_empty() => report::plan::table(&came.plan),
            Format::Table => report::plan::applied(&came.plan, &came.outcomes),
            Format::Json => report::plan::json(
                &came.plan,
                &target(&came.snapshot, &settings),
                ("apply", Some(&came.outcomes)),
            ),
        })?;
        Ok(came.code)
    }
}
