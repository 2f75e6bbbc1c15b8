//! `tenantctl probe`: attack as the application role, as two organizations.

use anyhow::Result;

use super::Context;
use crate::catalog;
use crate::exit::{Code, usage};
use crate::finding::{Severity, Verdict};
use crate::probe::{self, Outcome, Setup};
use crate::session::Purpose;
use crate::session::conninfo::{self, Environment};
use crate::tenancy::Tenancy;

/// Attack as the application role, as two organizations; everything is rolled back
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The application role's own login; by default its role at the administrator's server, with a
    /// password from ~/.pgpass
    #[arg(
        long,
        value_name = "URL",
        env = "TENANTCTL_APP_URL",
        hide_env_values = true
    )]
    app_url: Option<String>,
    /// An organization by its registry id; give it twice: the attacker, then the victim
    #[arg(long = "org", value_name = "ID")]
    orgs: Vec<String>,
    /// Leave out every attack that writes
    #[arg(long)]
    read_only: bool,
    /// Exit with 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "medium")]
    fail_on: Severity,
    /// Exit with 0 where nothing leaked, although something stays unproven
    #[arg(long)]
    allow_unproven: bool,
    /// How to print the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// The contract, for programs
    Json,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let organizations = match self.orgs.as_slice() {
            [] => None,
            [a, b] => Some((a.clone(), b.clone())),
            _ => return Err(usage("--org is given twice: the attacker, then the victim")),
        };
        let settings = context.settings()?;
        let output = context.output()?;
        let admin = context.connector()?;
        let app = self
            .app_url
            .as_deref()
            .filter(|url| !url.is_empty())
            .map(|url| admin.at(conninfo::resolve(Some(url), &Environment::of_process())?))
            .transpose()?;
        let session = admin.open(Purpose::Read).await?;
        catalog::begin(&session).await?;
        let snapshot = catalog::load(&session).await?;
        session.close().await;
        let tenancy = Tenancy::resolve(&snapshot, &settings)?;
        let bar = std::cell::OnceCell::new();
        let progress = |total: usize, name: &str| {
            let bar = bar.get_or_init(|| context.progress(total, "attacking"));
            bar.now(name.to_owned());
            bar.step();
        };
        let outcome = probe::run(Setup {
            admin: &admin,
            app: app.as_ref(),
            tenancy: &tenancy,
            organizations,
            read_only: self.read_only,
            progress: &progress,
        })
        .await?;
        drop(bar);
        for note in &outcome.notes {
            context.note(note);
        }
        let text = match self.format {
            Format::Json => json(&outcome)?,
            Format::Table => text(&outcome),
        };
        output.write(&text)?;
        Ok(self.code(&outcome))
    }

    fn code(&self, outcome: &Outcome) -> Code {
        let leaking = outcome
            .findings
            .iter()
            .any(|finding| finding.severity >= self.fail_on);
        let unproven = outcome
            .coverage
            .iter()
            .any(|row| row.verdict == Verdict::Unproven);
        match (leaking, unproven) {
            (true, _) => Code::Findings,
            (false, true) if !self.allow_unproven => Code::Unproven,
            _ => Code::Done,
        }
    }
}

fn json(outcome: &Outcome) -> Result<String> {
    let value = serde_json::json!({
        "schema_version": 1,
        "command": "probe",
        "findings": outcome.findings,
        "coverage": outcome.coverage,
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for finding in &outcome.findings {
        text += &format!(
            "{} {} {}: {}\n",
            finding.severity.word(),
            finding.check,
            finding.object,
            finding.message
        );
        for line in finding
            .evidence
            .iter()
            .flat_map(|evidence| evidence.lines())
        {
            text += &format!("    {line}\n");
        }
    }
    for row in &outcome.coverage {
        text += &format!(
            "{} {} {}: {}\n",
            row.object,
            row.operation.word(),
            row.verdict.word(),
            row.reason
        );
    }
    text
}
