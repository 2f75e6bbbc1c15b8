//! `tenantctl apply`

use anyhow::Result;

use super::Context;
use super::adding::{self, Adding};
use super::changes::{Recording, Run, Waiting};
use super::plan::{Choose, target};
use crate::exit::Code;
use crate::report::{self, Format, style};

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
    #[command(flatten)]
    adding: Adding,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    recording: Recording,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        let output = context.output()?;
        let choice = self.choose.choice();
        let wish = self.adding.wish()?;
        let run = Run {
            context,
            command: "apply",
            yes: self.yes,
            patience: self.waiting.patience(),
            recording: &self.recording,
            planner: &|snapshot, comments| {
                adding::plan((snapshot, comments), &settings, &choice, wish.as_ref())
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
