//! `tenantctl probe`

use std::cell::OnceCell;

use anyhow::Result;

use super::Context;
use super::audit::{self, Gate};
use crate::audit::{accept, order};
use crate::exit::{Code, usage};
use crate::probe::{self, Outcome, Setup};
use crate::report::Report;
use crate::session::Connector;
use crate::session::conninfo::{self, Environment};
use crate::tenancy::Tenancy;

/// Attack as the application role, as two organizations; everything is rolled back
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    gate: Gate,
    #[command(flatten)]
    attack: Attack,
}

/// Who attacks, and how far.
#[derive(Debug, clap::Args)]
pub(super) struct Attack {
    /// The application role's own login; by default that role at the administrator's server, with
    /// a password from ~/.pgpass, or else SET ROLE
    #[arg(
        long,
        value_name = "URL",
        env = "TENANTCTL_APP_URL",
        hide_env_values = true
    )]
    app_url: Option<String>,
    /// An organization by its registry id; given twice: the attacker, then the victim
    #[arg(long = "org", value_name = "ID")]
    orgs: Vec<String>,
    /// Leave out every attack that writes
    #[arg(long)]
    read_only: bool,
    /// Call VOLATILE functions as well, in transactions that are rolled back
    #[arg(long)]
    call_volatile: bool,
}

impl Attack {
    /// What `--org` says; wrong is a usage error.
    pub(super) fn organizations(&self) -> Result<Option<(String, String)>> {
        match self.orgs.as_slice() {
            [] => Ok(None),
            [a, b] => Ok(Some((a.clone(), b.clone()))),
            _ => Err(usage(
                "--org has to be given twice: the attacker, then the victim",
            )),
        }
    }

    fn login(&self, admin: &Connector) -> Result<Option<Connector>> {
        let url = self.app_url.as_deref().filter(|url| !url.is_empty());
        url.map(|url| admin.at(conninfo::resolve(Some(url), &Environment::of_process())?))
            .transpose()
    }

    /// Attacks, with a progress bar.
    pub(super) async fn run(
        &self,
        context: &Context,
        admin: &Connector,
        tenancy: &Tenancy<'_>,
    ) -> Result<Outcome> {
        let organizations = self.organizations()?;
        let app = self.login(admin)?;
        let bar = OnceCell::new();
        let progress = |total: usize, name: &str| {
            let bar = bar.get_or_init(|| context.progress(total, "attacking"));
            bar.now(name.to_owned());
            bar.step();
        };
        probe::run(Setup {
            admin,
            app: app.as_ref(),
            tenancy,
            organizations,
            read_only: self.read_only,
            call_volatile: self.call_volatile,
            progress: &progress,
        })
        .await
    }
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        // What is wrong with the command line is said before anything is connected.
        self.attack.organizations()?;
        let settings = context.settings()?;
        let output = context.output()?;
        let admin = context.connector()?;
        let (session, snapshot) = audit::snapshot_at(context, &admin).await?;
        session.close().await;
        let tenancy = Tenancy::resolve(&snapshot, &settings)?;
        let outcome = self.attack.run(context, &admin, &tenancy).await?;
        context.detail(&format!("{} attacks", outcome.attempts));
        let ran = |id: &str| id.starts_with(probe::PREFIX);
        let (mut findings, accepted) = accept(
            outcome.findings,
            &settings.allow,
            &snapshot.server.today,
            &ran,
        );
        order(&mut findings);
        let report = Report {
            command: "probe",
            target: audit::target(&snapshot, &settings),
            findings,
            accepted,
            coverage: outcome.coverage,
            unfinished: Vec::new(),
            notes: outcome.notes,
            explanation: None,
        };
        report.write(self.gate.format, self.gate.details, output)?;
        Ok(report.exit_code(self.gate.fail_on, self.gate.allow_unproven))
    }
}
