//! `tenantctl org`: makes, lists and shows organizations.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::Context;
use crate::catalog::{self, Snapshot};
use crate::exit::{Code, usage};
use crate::org::{self, Query, Registry, Request, Sort, TableCount};
use crate::report::org as report;
use crate::session::{Purpose, Session};
use crate::tenancy::Tenancy;

/// Create, list and show organizations: the rows of the registry.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: OrgCommand,
}

#[derive(Debug, Subcommand)]
enum OrgCommand {
    /// Create an organization
    Create(Create),
    /// List organizations, a page at a time
    List(List),
    /// Show one organization
    Show(Show),
}

#[derive(Debug, Args)]
struct Create {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// Its slug [default: made of the name]
    #[arg(long, value_name = "SLUG")]
    slug: Option<String>,
    /// A value for another column of the registry; may be repeated; an empty value is an empty text
    #[arg(long, value_name = "COLUMN=VALUE")]
    set: Vec<String>,
    /// Its id [default: the database's, or a random uuid]
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: Option<String>,
    /// Succeed, and print the id, where an organization of the same slug or name exists
    #[arg(long)]
    if_not_exists: bool,
    /// How to print what was created
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: report::CreateFormat,
}

#[derive(Debug, Args)]
struct List {
    /// Count each organization's rows in every tenant table
    #[arg(long)]
    counts: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// The next page: those after the organization with this ID
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    after: Option<String>,
    /// Only those whose name or slug contains TEXT, in any case, or whose id it is
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only active ones
    #[arg(long, conflicts_with = "inactive")]
    active: bool,
    /// Only inactive ones
    #[arg(long)]
    inactive: bool,
    /// Order; `id` is the fast one where there are very many
    #[arg(long, value_name = "ORDER", default_value = "name")]
    sort: Sort,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Debug, Args)]
struct Show {
    /// Its id or its slug
    #[arg(value_name = "ID|SLUG", allow_hyphen_values = true)]
    organization: String,
    /// Count its rows in every tenant table
    #[arg(long)]
    counts: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        match self.command {
            OrgCommand::Create(options) => options.run(context).await,
            OrgCommand::List(options) => options.run(context).await,
            OrgCommand::Show(options) => options.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        let request = Request::new(
            &self.name,
            self.slug.as_deref(),
            self.id.as_deref(),
            &self.set,
            settings.tenancy.key_type,
        )?;
        let output = context.output()?;
        let (session, snapshot) = look(context, Purpose::Change).await?;
        finish_reading(&session).await?;
        let registry = Registry::locate(&snapshot, &settings)?;
        let created = org::create(
            &session,
            &registry,
            &settings.tenancy.context,
            &request,
            self.if_not_exists,
        )
        .await?;
        session.close().await;
        output.write(&report::created(&created, self.format))?;
        Ok(Code::Done)
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        if self.filter.as_ref().is_some_and(|text| text.contains('\0')) {
            return Err(usage("--filter: a text cannot hold a NUL byte"));
        }
        let output = context.output()?;
        let (session, snapshot) = look(context, Purpose::Read).await?;
        let registry = Registry::locate(&snapshot, &settings)?;
        let filtered = filtered(context, &session, &registry).await?;
        let query = Query {
            limit: self.limit,
            after: self.after,
            filter: self.filter,
            active: match (self.active, self.inactive) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            sort: self.sort,
        };
        let page = org::list(&session, &registry, settings.tenancy.key_type, &query).await?;
        let counts = if self.counts {
            let tenancy = Tenancy::resolve(&snapshot, &settings)?;
            let ids: Vec<String> = page
                .organizations
                .iter()
                .map(|one| one.id.clone())
                .collect();
            Some(count(context, &session, &tenancy, &ids).await?)
        } else {
            None
        };
        finish_reading(&session).await?;
        let listing = report::Listing {
            page: &page,
            counts: counts.as_deref(),
            filtered,
            has_active: registry.active.is_some(),
            has_slug: registry.slug.is_some(),
        };
        let text = match self.format {
            Format::Json => listing.json(),
            Format::Table => listing.table(output.is_terminal()),
        };
        output.write(&text)?;
        Ok(Code::Done)
    }
}

impl Show {
    async fn run(self, context: &Context) -> Result<Code> {
        let settings = context.settings()?;
        let output = context.output()?;
        let (session, snapshot) = look(context, Purpose::Read).await?;
        let registry = Registry::locate(&snapshot, &settings)?;
        let found = org::find(&session, &registry, &settings.tenancy, &self.organization).await?;
        let counts = if self.counts {
            let tenancy = Tenancy::resolve(&snapshot, &settings)?;
            let ids = std::slice::from_ref(&found.id);
            Some(count(context, &session, &tenancy, ids).await?)
        } else {
            None
        };
        finish_reading(&session).await?;
        let text = match self.format {
            Format::Json => report::show_json(&found, counts.as_deref()),
            Format::Table => report::show_table(&found, counts.as_deref(), output.is_terminal()),
        };
        output.write(&text)?;
        Ok(Code::Done)
    }
}

/// A session, and the catalogs as it sees them, in a read-only transaction that stays open.
async fn look(context: &Context, purpose: Purpose) -> Result<(Session, Snapshot)> {
    let session = context.connector()?.open(purpose).await?;
    catalog::begin(&session).await?;
    let snapshot = catalog::load(&session).await?;
    Ok((session, snapshot))
}

async fn finish_reading(session: &Session) -> Result<()> {
    let ended = session.batch_execute("rollback").await;
    ended.map_err(crate::session::error::explain)
}

/// Whether the connected role sees only some of the registry; then it is said.
async fn filtered(context: &Context, session: &Session, registry: &Registry<'_>) -> Result<bool> {
    let filtered = org::row_security_active(session, registry.relation).await?;
    if filtered {
        let snapshot = registry.snapshot;
        context.note(&format!(
            "row security applies to {} on {}: only what its policies show is listed; connect as a superuser or a role with BYPASSRLS to see all",
            snapshot.role_name(snapshot.server.session_role),
            registry.table()
        ));
    }
    Ok(filtered)
}

async fn count(
    context: &Context,
    session: &Session,
    tenancy: &Tenancy<'_>,
    ids: &[String],
) -> Result<Vec<TableCount>> {
    let progress = context.progress(tenancy.tables.len(), "counting rows");
    let counts = org::count(session, tenancy, ids, || progress.step()).await?;
    for count in &counts {
        if let Err(why) = &count.rows {
            context.note(&format!("{} was not counted: {why}", count.table));
        }
    }
    Ok(counts)
}
