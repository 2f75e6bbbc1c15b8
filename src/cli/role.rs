//! `tenantctl role create | show | rotate | drop`

mod password;

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{Context, ask, audit};
use crate::exit::{Code, Refusal, usage};
use crate::plan::apply::Exclusive;
use crate::report::{self, Format, style};
use crate::role::portrait::Portrait;
use crate::role::provision::{self, Provision};
use crate::role::{drop as removal, fitness};
use crate::session::error::{explain, is_lost};
use crate::session::quote::{ident, literal};
use crate::session::{Connector, Purpose, Session};
use crate::settings::Settings;
use crate::tenancy::Tenancy;

/// How long another tenantctl is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Statements in one transaction: a server with default settings runs out of locks at some 6,000.
const BATCH: usize = 500;

/// The application's login role
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Create(Create),
    Show(Show),
    Rotate(Rotate),
    Drop(Drop),
}

/// Create the role, or make an existing one what it must be; twice changes nothing
#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    password: password::Options,
    /// Give no privileges on tables that are added later
    #[arg(long)]
    no_default_privileges: bool,
    /// Also revoke from PUBLIC what no policy covers (CREATE on schemas, TRUNCATE, …): this
    /// concerns every role
    #[arg(long)]
    revoke_public: bool,
    /// Print the statements and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Say what the role is, and whether it is fit to be the application's
#[derive(Debug, clap::Args)]
struct Show {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

/// Give the role a new password
#[derive(Debug, clap::Args)]
struct Rotate {
    #[command(flatten)]
    password: password::Options,
}

/// Take its privileges back and drop the role
#[derive(Debug, clap::Args)]
struct Drop {
    /// Do not ask; needed where stdin is no terminal
    #[arg(short, long)]
    yes: bool,
    /// Print the statements and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        match self.action {
            Action::Create(create) => create.run(context, &settings).await,
            Action::Show(show) => show.run(context, &settings).await,
            Action::Rotate(rotate) => rotate.run(context, &settings).await,
            Action::Drop(drop) => drop.run(context, &settings).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context, settings: &Settings) -> Result<Code> {
        let output = context.output()?;
        let connector = context.connector()?;
        let exclusive = self.exclusive(context, &connector).await?;
        let (session, snapshot) = audit::snapshot(context).await?;
        session.close().await;
        let tenancy = Tenancy::resolve(&snapshot, settings)?;
        let provision = Provision::of(&tenancy, !self.no_default_privileges);
        if self.dry_run {
            let statements = provision.statements(self.revoke_public);
            output.write(&script(&statements))?;
            return Ok(Code::Done);
        }
        let public = self.revoke_public(context, &provision).await?;
        let statements = provision.statements(public);
        let session = connector.open(Purpose::Change).await?;
        let mut said = String::new();
        if provision.creates() {
            let new = self.password.obtain()?;
            let rest = &statements[1..];
            set_password(&session, &statements[0], &new).await?;
            said = new.finish()?;
            run(&session, rest).await?;
        } else {
            if self.password.given() {
                context.note(
                    "the role exists and keeps its password; `tenantctl role rotate` changes it",
                );
            }
            run(&session, &statements).await?;
        }
        session.close().await;
        if let Some(exclusive) = exclusive {
            exclusive.release().await;
        }
        let name = ident(&settings.tenancy.app_role);
        let what = if provision.creates() {
            format!("role {name} created\n")
        } else if statements.is_empty() {
            format!("role {name} is as it should be, nothing was changed\n")
        } else {
            format!("role {name} changed, {}\n", counted(statements.len()))
        };
        output.write(&format!("{what}{said}"))?;
        judge(context, settings).await
    }

    async fn exclusive(
        &self,
        context: &Context,
        connector: &Connector,
    ) -> Result<Option<Exclusive>> {
        if self.dry_run {
            return Ok(None);
        }
        exclusive(context, connector).await.map(Some)
    }

    /// Whether to revoke from PUBLIC; every role of the database is concerned.
    async fn revoke_public(&self, context: &Context, provision: &Provision) -> Result<bool> {
        if provision.public.is_empty() {
            return Ok(false);
        }
        let list = provision.public.join("; ");
        if self.revoke_public {
            context.note(&format!(
                "revoking from PUBLIC, that is from every role: {list}"
            ));
            return Ok(true);
        }
        if std::io::stdin().is_terminal() && !self.password.reads_stdin() {
            let text = format!("PUBLIC holds what no policy covers. To mend it:\n  {list}\n");
            let question = "Revoke it? Every role of this database is concerned.";
            return ask::agreed(&text, question).await;
        }
        context.note(&format!(
            "PUBLIC holds what no policy covers, and so does the application role; --revoke-public \
             mends it for every role: {list}"
        ));
        Ok(false)
    }
}

/// After the work: whether the role is fit now.
async fn judge(context: &Context, settings: &Settings) -> Result<Code> {
    let (session, snapshot) = audit::snapshot(context)
        .await
        .context("the role was changed, but cannot be looked at again")?;
    session.close().await;
    let tenancy = Tenancy::resolve(&snapshot, settings)?;
    let unfit = fitness::fitness(&tenancy);
    for reason in &unfit {
        context.note(&format!("not fit: {}: {}", reason.reason, reason.fix));
    }
    let open = tenancy
        .by_name()
        .into_iter()
        .filter(|table| table.listed && !tenancy.relation(table).row_security)
        .count();
    if open > 0 {
        context.note(&format!(
            "tenant tables without row-level security: {open}; `tenantctl apply` isolates them"
        ));
    }
    Ok(if unfit.is_empty() {
        Code::Done
    } else {
        Code::Findings
    })
}

impl Show {
    async fn run(self, context: &Context, settings: &Settings) -> Result<Code> {
        let output = context.output()?;
        let (session, snapshot) = audit::snapshot(context).await?;
        session.close().await;
        let portrait = Portrait::of(&Tenancy::resolve(&snapshot, settings)?);
        if output.is_file() {
            style::choose(style::When::Never);
        }
        output.write(&match self.format {
            Format::Table => report::role::table(&portrait),
            Format::Json => report::role::json(&portrait),
        })?;
        Ok(if portrait.fit {
            Code::Done
        } else {
            Code::Findings
        })
    }
}

impl Rotate {
    async fn run(self, context: &Context, settings: &Settings) -> Result<Code> {
        let output = context.output()?;
        let connector = context.connector()?;
        let exclusive = exclusive(context, &connector).await?;
        let name = &settings.tenancy.app_role;
        let session = connector.open(Purpose::Change).await?;
        let found = ask_server(
            &session,
            &format!(
                "select 1 from pg_catalog.pg_roles where rolname = {}",
                literal(name)
            ),
        )
        .await?;
        if found.is_empty() {
            bail!(
                "role {} does not exist; run `tenantctl role create`",
                ident(name)
            );
        }
        let new = self.password.obtain()?;
        set_password(&session, &provision::rotation(name), &new).await?;
        let said = new.finish()?;
        session.close().await;
        exclusive.release().await;
        output.write(&format!(
            "role {} has a new password; open sessions go on\n{said}",
            ident(name)
        ))?;
        Ok(Code::Done)
    }
}

impl Drop {
    async fn run(self, context: &Context, settings: &Settings) -> Result<Code> {
        if !self.yes && !self.dry_run && !std::io::stdin().is_terminal() {
            return Err(usage(
                "role drop asks before it drops, and stdin is no terminal: say --yes",
            ));
        }
        let output = context.output()?;
        let connector = context.connector()?;
        let exclusive = exclusive(context, &connector).await?;
        let name = &settings.tenancy.app_role;
        let (session, snapshot) = audit::snapshot(context).await?;
        session.close().await;
        let Some(role) = snapshot.role(name) else {
            output.write(&format!("role {} does not exist\n", ident(name)))?;
            return Ok(Code::Done);
        };
        let session = connector.open(Purpose::Change).await?;
        let mut obstacles = removal::obstacles(&snapshot, role);
        obstacles.extend(sessions(&session, name).await?);
        if !obstacles.is_empty() {
            return Err(Refusal(format!(
                "role {} is not dropped, nothing was changed: {}",
                ident(name),
                obstacles.join("; ")
            ))
            .into());
        }
        let mut statements = removal::revokes(&snapshot, role);
        statements.push(format!("DROP ROLE {}", ident(name)));
        if self.dry_run {
            output.write(&script(&statements))?;
            return Ok(Code::Done);
        }
        let question = format!("Drop role {}?", ident(name));
        if !self.yes && !ask::agreed(&script(&statements), &question).await? {
            context.note("nothing was changed");
            return Ok(Code::Done);
        }
        run(&session, &statements).await?;
        session.close().await;
        exclusive.release().await;
        output.write(&format!("role {} dropped\n", ident(name)))?;
        Ok(Code::Done)
    }
}

async fn exclusive(context: &Context, connector: &Connector) -> Result<Exclusive> {
    Exclusive::take(connector, PATIENCE, &|text| context.note(text)).await
}

/// Runs the statement with the verifier in it. When it is unknown whether that happened, the
/// password is kept where it can be found.
async fn set_password(session: &Session, statement: &str, new: &password::New) -> Result<()> {
    let statement = provision::with_verifier(statement, &new.verifier());
    let result = session.batch_execute(&statement).await.map_err(explain);
    match result {
        Ok(()) => Ok(()),
        Err(error) if is_lost(&error) => {
            let place = new.leave();
            Err(error).context(format!(
                "whether the password was changed is unknown{place}"
            ))
        }
        Err(error) => Err(error).context("the password was not changed"),
    }
}

/// In transactions of a bounded size; each statement can be made again.
async fn run(session: &Session, statements: &[String]) -> Result<()> {
    for batch in statements.chunks(BATCH) {
        let text = format!(
            "begin; set local search_path = pg_catalog; {}; commit",
            batch.join("; ")
        );
        if let Err(error) = session.batch_execute(&text).await.map_err(explain) {
            // If this fails the connection is gone, and with it the transaction.
            let _ = session.batch_execute("rollback").await;
            return Err(error).context("cannot change the role's privileges; run again to go on");
        }
    }
    Ok(())
}

async fn sessions(session: &Session, role: &str) -> Result<Vec<String>> {
    let question = format!(
        "select pg_catalog.format('it has a session: pid %s on database %s', a.pid, a.datname)
         from pg_catalog.pg_stat_activity a where a.usename = {} order by a.pid limit 20",
        literal(role)
    );
    ask_server(session, &question).await
}

async fn ask_server(session: &Session, question: &str) -> Result<Vec<String>> {
    use tokio_postgres::SimpleQueryMessage::Row;
    let messages = session.simple_query(question).await.map_err(explain)?;
    Ok(messages
        .iter()
        .filter_map(|message| match message {
            Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect())
}

fn script(statements: &[String]) -> String {
    if statements.is_empty() {
        return "-- nothing to change\n".to_owned();
    }
    statements
        .iter()
        .map(|statement| format!("{statement};\n"))
        .collect()
}

fn counted(statements: usize) -> String {
    match statements {
        1 => "1 statement".to_owned(),
        many => format!("{many} statements"),
    }
}
