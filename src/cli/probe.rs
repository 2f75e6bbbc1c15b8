//! `tenantctl probe`

use std::cell::OnceCell;
use std::collections::BTreeSet;

use anyhow::Result;

use super::Context;
use super::audit::{self, Gate};
use super::self_test::Breaking;
use crate::audit::{accept, order};
use crate::exit::{Code, usage};
use crate::finding::{Operation, Verdict};
use crate::probe::{self, Outcome, Setup, pooler};
use crate::report::{Report, Sharing};
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
    #[command(flatten)]
    self_test: Breaking,
    /// Only remove what a probe with --login that was killed has left; every probe that may write
    /// does that first
    #[arg(long)]
    cleanup: bool,
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
    /// The application role's login through a connection pooler: finds out how the pooler shares
    /// connections, and which ways of setting the context stay with one client
    #[arg(
        long,
        value_name = "URL",
        env = "TENANTCTL_POOLER_URL",
        hide_env_values = true
    )]
    pooler_url: Option<String>,
    /// How often two organizations take turns on shared connections, for at most 5 seconds; 0 is
    /// never
    #[arg(long, value_name = "N", default_value_t = 2000)]
    switches: usize,
    /// Attack from two logins, with rows that are committed under two made-up organizations and
    /// removed at the end; recorded in ~/.local/state/tenantctl, so that a killed run is cleaned up
    #[arg(long)]
    login: bool,
    /// Write to tables although their triggers could reach outside of the database; without it such
    /// writes stay unproven
    #[arg(long)]
    yes_fire_triggers: bool,
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

    fn connector(url: Option<&str>, admin: &Connector) -> Result<Option<Connector>> {
        let url = url.filter(|url| !url.is_empty());
        url.map(|url| admin.at(conninfo::resolve(Some(url), &Environment::of_process())?))
            .transpose()
    }

    /// Attacks, with a progress bar, and then looks at shared connections.
    pub(super) async fn run(
        &self,
        context: &Context,
        admin: &Connector,
        tenancy: &Tenancy<'_>,
    ) -> Result<(Outcome, Sharing)> {
        let organizations = self.organizations()?;
        let app = Self::connector(self.app_url.as_deref(), admin)?;
        let pooler = Self::connector(self.pooler_url.as_deref(), admin)?;
        if self.login {
            on_interrupt(context, admin, &tenancy.settings.tenancy.context);
        }
        let bar = OnceCell::new();
        let progress = |total: usize, name: &str| {
            let bar = bar.get_or_init(|| context.progress(total, "attacking"));
            bar.extend_to(total);
            bar.now(name.to_owned());
            bar.step();
        };
        let mut outcome = probe::run(Setup {
            admin,
            app: app.as_ref(),
            tenancy,
            organizations,
            read_only: self.read_only,
            login: self.login,
            records: super::context::state_folder(),
            fire_triggers: self.yes_fire_triggers,
            call_volatile: self.call_volatile,
            progress: &progress,
        })
        .await?;
        let logins = (admin, app.as_ref(), pooler.as_ref());
        let sharing = self.shared(logins, tenancy, &mut outcome).await?;
        Ok((outcome, sharing))
    }

    /// The same connections for both organizations: our own pool's, and a pooler's.
    async fn shared(
        &self,
        (admin, app, pooler): (&Connector, Option<&Connector>, Option<&Connector>),
        tenancy: &Tenancy<'_>,
        outcome: &mut Outcome,
    ) -> Result<Sharing> {
        // Of a table that is open anyway this would say nothing new.
        let held = outcome
            .coverage
            .iter()
            .filter(|row| row.operation == Operation::Select && row.verdict == Verdict::Held);
        let tables: BTreeSet<String> = held.map(|row| row.object.clone()).collect();
        // Those of the attacks may have been made up, and are gone.
        let organizations = self.organizations()?;
        let interleaved = probe::interleave(probe::InterleaveSetup {
            admin,
            app,
            tenancy,
            organizations: organizations.clone(),
            tables: tables.clone(),
            switches: self.switches,
        })
        .await?;
        outcome.take(
            (&interleaved.findings, &interleaved.notes),
            interleaved.switches,
        );
        let mut sharing = Sharing {
            interleaved: (interleaved.tables > 0).then_some(interleaved),
            pooled: None,
        };
        if let Some(pooler) = pooler {
            let pooled = pooler::run(pooler::Setup {
                pooler,
                admin,
                tenancy,
                organizations,
                tables,
                switches: self.switches,
            })
            .await?;
            outcome.take((&pooled.findings, &pooled.notes), pooled.attempts);
            sharing.pooled = Some(pooled);
        }
        Ok(sharing)
    }
}

/// Canaries that are committed do not wait for the next run.
fn on_interrupt(context: &Context, admin: &Connector, setting: &str) {
    let Some(records) = super::context::state_folder() else {
        return;
    };
    let (admin, setting) = (admin.clone(), setting.to_owned());
    context.before_the_end(Box::pin(async move {
        let count = probe::clean_up(&admin, &setting, &records).await?;
        Ok((count > 0).then(|| removed(count)))
    }));
}

async fn clean_up(context: &Context, setting: &str) -> Result<Code> {
    let admin = context.connector()?;
    let count = match super::context::state_folder() {
        Some(records) => probe::clean_up(&admin, setting, &records).await?,
        None => 0,
    };
    context.note(&match count {
        0 => "no canaries of an earlier probe of this database are recorded here".to_owned(),
        n => removed(n),
    });
    Ok(Code::Done)
}

fn removed(count: usize) -> String {
    match count {
        1 => "1 canary was removed".to_owned(),
        n => format!("{n} canaries were removed"),
    }
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        // What is wrong with the command line is said before anything is connected.
        self.attack.organizations()?;
        if self.self_test.self_test {
            return self.self_test.run(context, &self.gate).await;
        }
        let settings = context.settings()?;
        if self.cleanup {
            return clean_up(context, &settings.tenancy.context).await;
        }
        let output = context.output()?;
        let admin = context.connector()?;
        let (session, snapshot) = audit::snapshot_at(context, &admin).await?;
        session.close().await;
        let tenancy = Tenancy::resolve(&snapshot, &settings)?;
        let (outcome, sharing) = self.attack.run(context, &admin, &tenancy).await?;
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
            unfinished: sharing.unfinished(),
            notes: outcome.notes,
            sharing,
            ..Report::default()
        };
        report.write(self.gate.format, self.gate.details, output)?;
        Ok(report.exit_code(self.gate.fail_on, self.gate.allow_unproven))
    }
}
