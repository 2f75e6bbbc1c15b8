//! `tenantctl revert`

use std::io::IsTerminal;

use anyhow::Result;

use super::changes::{self, Came, Recording, Run, Waiting};
use super::{Context, ask};
use crate::catalog::{Comments, Snapshot};
use crate::exit::{Code, usage};
use crate::plan::{Plan, emergency, revert, watchdog};
use crate::report::{self, Format, Target, style};
use crate::tenancy::Tenancy;

/// Undo what apply made, known by the marks that it left in comments
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Do not ask; needed where stdin is no terminal
    #[arg(short, long)]
    yes: bool,
    /// Show what would be undone, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Take away the watchdog over new tables, and nothing else
    #[arg(long, conflicts_with = "emergency")]
    watchdog: bool,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    recording: Recording,
    /// Turn isolation off for this one table, at once, until `apply` runs again
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["yes", "dry_run"])]
    emergency: Option<String>,
    /// The table's name once more, instead of typing it: for scripts
    #[arg(long, value_name = "TABLE", requires = "emergency")]
    confirm: Option<String>,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let output = context.output()?;
        if output.is_file() {
            style::choose(style::When::Never);
        }
        let came = match &self.emergency {
            Some(table) => self.emergency(context, table).await?,
            None if self.dry_run => Some(self.dry_run(context).await?),
            None => self.all(context).await?,
        };
        let Some(came) = came else {
            return Ok(Code::Done);
        };
        let outcomes = (!self.dry_run).then_some(came.outcomes.as_slice());
        output.write(&match self.format {
            Format::Json => {
                report::plan::json(&came.plan, &target(context, &came), ("revert", outcomes))
            }
            Format::Table if came.plan.changes.is_empty() && self.watchdog => {
                "nothing to undo: no watchdog of tenantctl's is installed\n".to_owned()
            }
            Format::Table if came.plan.changes.is_empty() => {
                report::plan::nothing_to_revert(&came.plan)
            }
            Format::Table if self.dry_run => report::plan::table(&came.plan),
            Format::Table => report::plan::applied(&came.plan, &came.outcomes),
        })?;
        Ok(came.code)
    }

    fn plan(&self, snapshot: &Snapshot, comments: &Comments) -> Plan {
        match self.watchdog {
            true => watchdog::removal(snapshot, comments),
            false => revert::plan(snapshot, comments),
        }
    }

    async fn dry_run(&self, context: &Context) -> Result<Came> {
        let (snapshot, comments) = changes::read(context).await?;
        Ok(Came {
            code: Code::Done,
            plan: self.plan(&snapshot, &comments),
            snapshot,
            outcomes: Vec::new(),
        })
    }

    async fn all(&self, context: &Context) -> Result<Option<Came>> {
        let run = Run {
            context,
            command: "revert",
            yes: self.yes,
            patience: self.waiting.patience(),
            recording: &self.recording,
            planner: &|snapshot, comments| Ok(self.plan(snapshot, comments)),
            accepted: &[],
        };
        run.run().await
    }

    async fn emergency(&self, context: &Context, name: &str) -> Result<Option<Came>> {
        let settings = context.settings()?;
        let (snapshot, comments) = changes::read(context).await?;
        let off = emergency::plan(&Tenancy::resolve(&snapshot, &settings)?, &comments, name)?;
        if off.plan.changes.is_empty() {
            context.note(&format!(
                "row-level security of {} is off already",
                off.table
            ));
            return Ok(None);
        }
        if !self.confirmed(&off).await? {
            context.note("that is not its name: nothing was changed");
            return Ok(None);
        }
        let run = Run {
            context,
            command: "revert",
            yes: true,
            patience: self.waiting.patience(),
            recording: &self.recording,
            planner: &|snapshot, comments| {
                let tenancy = Tenancy::resolve(snapshot, &settings)?;
                Ok(emergency::plan(&tenancy, comments, name)?.plan)
            },
            accepted: &[],
        };
        let came = run.run().await?;
        context.note(&format!(
            "isolation of {} is OFF; turn it on again with `tenantctl apply`",
            off.table
        ));
        Ok(came)
    }

    /// Whether the table's name was typed after the consequences were read.
    async fn confirmed(&self, off: &emergency::Off) -> Result<bool> {
        if let Some(typed) = &self.confirm {
            return Ok(*typed == off.table);
        }
        if !std::io::stdin().is_terminal() {
            return Err(usage(format!(
                "turning isolation off asks for the table's name, and stdin is no terminal: say \
                 --confirm {}",
                off.table
            )));
        }
        let text = format!("{}\n", off.consequences.join("\n"));
        let question = format!("Type {} to turn its isolation off:", off.table);
        Ok(ask::line(&text, &question).await?.trim() == off.table)
    }
}

/// The way back needs no configuration; where there is one, the report names its role.
fn target(context: &Context, came: &Came) -> Target {
    let server = &came.snapshot.server;
    let settings = context.settings();
    Target {
        database: server.database.clone(),
        server_version: server.version.clone(),
        app_role: settings.map_or_else(|_| String::new(), |settings| settings.tenancy.app_role),
    }
}
