//! `tenantctl audit`

use std::path::PathBuf;

use anyhow::Result;

use super::Context;
use crate::audit::explain::{self, Audited, Subject};
use crate::audit::{self, Selection};
use crate::catalog::{self, Snapshot};
use crate::check::{self, Check};
use crate::exit::Code;
use crate::finding::Severity;
use crate::report::{Format, Report, Target};
use crate::session::{Connector, Purpose, Session};
use crate::settings::Settings;
use crate::tenancy::Tenancy;

/// Read the catalogs: what is proved, what is open
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    gate: Gate,
    #[command(flatten)]
    choose: Choose,
    /// Explain one object: who reaches it, as whom, which policies apply, what the proof says
    #[arg(long, value_name = "OBJECT", conflicts_with_all = ["only", "skip"])]
    explain: Option<String>,
}

/// How the verdict becomes an exit code, and how the report is written.
#[derive(Debug, clap::Args)]
pub(super) struct Gate {
    /// Exit 1 for findings of this severity or worse
    #[arg(long, value_name = "SEVERITY", default_value = "medium")]
    pub(super) fail_on: Severity,
    /// Exit 0 where nothing leaked but something stays unproven
    #[arg(long)]
    pub(super) allow_unproven: bool,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: Format,
    /// List every object and every finding
    #[arg(long)]
    pub(super) details: bool,
}

/// Which checks run.
#[derive(Debug, clap::Args)]
pub(super) struct Choose {
    /// Run only this check; may be repeated
    #[arg(long = "check", value_name = "ID")]
    only: Vec<String>,
    /// Leave this check out; may be repeated
    #[arg(long, value_name = "ID")]
    skip: Vec<String>,
    /// Folder of further checks: DIR/<id>/check.sql
    #[arg(long, value_name = "DIR")]
    checks_dir: Option<PathBuf>,
}

impl Choose {
    /// The checks and the choice among them.
    pub(super) fn checks(&self) -> Result<(Vec<Check>, Selection)> {
        let mut checks = check::shipped()?;
        if let Some(directory) = &self.checks_dir {
            let own = check::from_directory(directory, &checks)?;
            checks.extend(own);
        }
        let selection = Selection {
            only: self.only.clone(),
            skip: self.skip.clone(),
        };
        selection.validate(&checks)?;
        Ok((checks, selection))
    }
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        let (checks, selection) = self.choose.checks()?;
        let output = context.output()?;
        let connector = context.connector()?;
        let (session, snapshot) = snapshot_at(context, &connector).await?;
        // A name that nothing has is told before the checks run.
        let subject = self.explain.as_deref();
        let subject = subject
            .map(|name| Subject::find(&snapshot, name))
            .transpose()?;
        let mut report = report(
            (&session, &connector),
            &snapshot,
            &settings,
            (&checks, &selection),
        )
        .await?;
        if let Some(subject) = subject {
            let tenancy = Tenancy::resolve(&snapshot, &settings)?;
            let audited = Audited {
                findings: &report.findings,
                coverage: &report.coverage,
            };
            let explanation = explain::explain(&tenancy, subject, audited);
            report = report.about(explanation);
        }
        report.write(self.gate.format, self.gate.details, output)?;
        Ok(report.exit_code(self.gate.fail_on, self.gate.allow_unproven))
    }
}

/// Connects and reads the catalogs; the transaction stays open.
pub(super) async fn snapshot(context: &Context) -> Result<(Session, Snapshot)> {
    snapshot_at(context, &context.connector()?).await
}

/// Reads the catalogs of a server; the transaction stays open.
pub(super) async fn snapshot_at(
    context: &Context,
    connector: &Connector,
) -> Result<(Session, Snapshot)> {
    let session = connector.open(Purpose::Read).await?;
    catalog::begin(&session).await?;
    let snapshot = catalog::load(&session).await?;
    context.detail(&format!(
        "read {} relations, {} roles, {} functions",
        snapshot.relations.len(),
        snapshot.roles.len(),
        snapshot.functions.len()
    ));
    Ok((session, snapshot))
}

/// Audits in the snapshot's transaction and applies `[[allow]]`.
pub(super) async fn report(
    server: (&Session, &Connector),
    snapshot: &Snapshot,
    settings: &Settings,
    (checks, selection): (&[Check], &Selection),
) -> Result<Report> {
    let tenancy = Tenancy::resolve(snapshot, settings)?;
    let outcome = audit::run(server, &tenancy, checks, selection).await?;
    let ran = |id: &str| {
        selection.takes(id)
            && !outcome
                .unfinished
                .iter()
                .any(|unfinished| unfinished.check == id)
    };
    let (mut findings, accepted) = audit::accept(
        outcome.findings,
        &settings.allow,
        &snapshot.server.today,
        &ran,
    );
    audit::order(&mut findings);
    Ok(Report {
        command: "audit",
        target: target(snapshot, settings),
        findings,
        accepted,
        coverage: outcome.coverage,
        unfinished: outcome.unfinished,
        notes: selection.note(checks.len()).into_iter().collect(),
        ..Report::default()
    })
}

/// What the report says it looked at.
pub(super) fn target(snapshot: &Snapshot, settings: &Settings) -> Target {
    Target {
        database: snapshot.server.database.clone(),
        // `15.18 (Debian 15.18-0+deb12u1)`: what packagers add says nothing here.
        server_version: snapshot
            .server
            .version
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
        app_role: settings.tenancy.app_role.clone(),
    }
}
