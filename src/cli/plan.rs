//! `tenantctl plan`

use anyhow::Result;

use super::adding::{self, Adding};
use super::changes::LockTimeout;
use super::{Context, changes, lockout};
use crate::catalog::Snapshot;
use crate::exit::Code;
use crate::plan::{Choice, apply};
use crate::report::{self, Target, style};
use crate::settings::Settings;

/// The changes that would bring isolation about, as SQL with its locks
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// How to print the changes
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Exit 1 when there are changes: for CI, to notice drift
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    choose: Choose,
    #[command(flatten)]
    adding: Adding,
    #[command(flatten)]
    waiting: LockTimeout,
}

/// What `plan` and `apply` do beside isolation, and what they leave out.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Choose {
    /// Leave indexes out
    #[arg(long)]
    pub(super) no_indexes: bool,
    /// Drop the team's own policies on tenant tables where ours come; `revert` puts them back
    #[arg(long)]
    pub(super) replace: bool,
    /// Revoke what opens a way past the policies: TRUNCATE, TRIGGER and the like on tenant tables,
    /// CREATE on schemas, PUBLIC's EXECUTE on functions, default privileges on new tables
    #[arg(long)]
    pub(super) privileges: bool,
    /// Set options on views that read or write past the policies: security_invoker,
    /// security_barrier, check_option
    #[arg(long)]
    pub(super) views: bool,
    /// Install an event trigger that isolates a tenant table in the command that makes it
    /// (needs a superuser)
    #[arg(long)]
    pub(super) watchdog: bool,
    /// Make the tenant key NOT NULL, and refer to the registry; propose further constraints
    #[arg(long)]
    pub(super) constraints: bool,
    /// Make what `plan --constraints` proposes under this name; say it once for each
    #[arg(long, value_name = "ID")]
    pub(super) constraint: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// A script for psql that does the same as `apply`
    Sql,
    /// For programs
    Json,
    /// For a pull request
    Markdown,
}

impl Choose {
    pub(super) fn choice(&self) -> Choice {
        let mut named = self.constraint.clone();
        named.sort_unstable();
        named.dedup();
        Choice {
            named,
            indexes: !self.no_indexes,
            replace: self.replace,
            privileges: self.privileges,
            views: self.views,
            watchdog: self.watchdog,
            constraints: self.constraints,
        }
    }
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        let output = context.output()?;
        let wish = self.adding.wish()?;
        let (snapshot, comments) = changes::read(context).await?;
        let plan = adding::plan(
            (&snapshot, &comments),
            &settings,
            &self.choose.choice(),
            wish.as_ref(),
        )?;
        let plan = lockout::observe(context, &snapshot, plan).await?;
        let target = target(&snapshot, &settings);
        if output.is_file() {
            style::choose(style::When::Never);
        }
        output.write(&match self.format {
            Format::Table => report::plan::table(&plan),
            Format::Sql => {
                report::plan::script(&plan, &target, apply::millis(self.waiting.lock_timeout))
            }
            Format::Markdown => report::plan::markdown(&plan),
            Format::Json => report::plan::json(&plan, &target, ("plan", None)),
        })?;
        Ok(if self.check && !plan.changes.is_empty() {
            Code::Findings
        } else {
            Code::Done
        })
    }
}

/// Where a plan is made, for reports.
pub(super) fn target(snapshot: &Snapshot, settings: &Settings) -> Target {
    Target {
        database: snapshot.server.database.clone(),
        server_version: snapshot.server.version.clone(),
        app_role: settings.tenancy.app_role.clone(),
    }
}
