//! `tenantctl probe --self-test`

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::audit::{self, Gate};
use super::{Context, duration};
use crate::check;
use crate::exit::Code;
use crate::mutants::{self, Programs, SelfTest, Setup};
use crate::report::Report;

/// Break a throwaway copy on purpose, and see who notices.
#[derive(Debug, clap::Args)]
pub(super) struct Breaking {
    /// Copy the schema (pg_dump -s) to a throwaway server on this machine, break isolation there in
    /// every way that applies, one at a time, and report what audit and probe notice; exits 1 where
    /// neither does. The schema's own code runs on this machine: for schemas that you trust
    #[arg(long, help_heading = "Self-test")]
    pub(super) self_test: bool,
    /// Only this way, by the name that the JSON has for it; may be repeated
    #[arg(
        long = "mutant",
        value_name = "KIND",
        requires = "self_test",
        help_heading = "Self-test"
    )]
    mutants: Vec<String>,
    /// How many tables each way is tried on, as different as can be; 0 is all
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        requires = "self_test",
        help_heading = "Self-test"
    )]
    mutant_tables: usize,
    /// After this long no further way is tried; what is left makes the exit code 4
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10min",
        value_parser = duration::parse,
        requires = "self_test",
        help_heading = "Self-test"
    )]
    mutant_time: Duration,
    /// Folder of PostgreSQL's programs [default: found, or else fetched]
    #[arg(
        long,
        value_name = "DIR",
        requires = "self_test",
        help_heading = "Self-test"
    )]
    pg_bin: Option<PathBuf>,
    /// Do not fetch server programs where none are installed
    #[arg(long, requires = "self_test", help_heading = "Self-test")]
    offline: bool,
}

impl Breaking {
    pub(super) async fn run(&self, context: &Context, gate: &Gate) -> Result<Code> {
        mutants::validate(&self.mutants)?;
        let settings = context.settings()?;
        let output = context.output()?;
        let admin = context.connector()?;
        let (session, snapshot) = audit::snapshot_at(context, &admin).await?;
        session.close().await;
        let bar = OnceCell::new();
        let progress = |total: usize, name: &str| {
            let bar = bar.get_or_init(|| context.progress(total, "mutants"));
            bar.now(name.to_owned());
            bar.step();
        };
        let test = mutants::run(Setup {
            source: (&admin, &snapshot),
            settings: &settings,
            checks: check::shipped()?,
            programs: Programs {
                pg_bin: self.pg_bin.clone(),
                offline: self.offline,
                quiet: context.globals.quiet,
            },
            only: &self.mutants,
            tables: self.mutant_tables,
            limit: self.mutant_time,
            progress: &progress,
        })
        .await?;
        let code = code(&test, gate.allow_unproven);
        let report = Report {
            command: "probe",
            target: audit::target(&snapshot, &settings),
            findings: test.findings.clone(),
            coverage: test.coverage.clone(),
            unfinished: test.unfinished.clone(),
            notes: test.notes.clone(),
            self_test: Some(test),
            ..Report::default()
        };
        report.write(gate.format, gate.details, output)?;
        Ok(code)
    }
}

/// A survivor is a defect of ours; nothing tried, or not all of it, says nothing.
fn code(test: &SelfTest, allow_unproven: bool) -> Code {
    if test.trials.iter().any(mutants::Trial::survived) {
        Code::Findings
    } else if !test.is_whole() && !allow_unproven {
        Code::Unproven
    } else {
        Code::Done
    }
}
