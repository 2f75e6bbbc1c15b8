//! One page of organizations, by keyset: the registry is never read whole.

use anyhow::{Context, Result};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::request::checked_id;
use super::{Organization, Registry};
use crate::exit::usage;
use crate::session::{error::explain, quote};
use crate::settings::KeyType;

/// What a page is ordered by; the id decides where names are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sort {
    /// By name.
    Name,
    /// By id: served by the primary key, however many organizations there are.
    Id,
}

/// Which organizations, and how many of them.
#[derive(Clone, Debug)]
pub struct Query {
    /// At most so many.
    pub limit: u32,
    /// Those after the organization with this id, in the order of `sort`.
    pub after: Option<String>,
    /// Whose name or slug contains this text, in any case, or whose id it is.
    pub filter: Option<String>,
    /// Only active ones, only inactive ones.
    pub active: Option<bool>,
    /// Order.
    pub sort: Sort,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// In order.
    pub organizations: Vec<Organization>,
    /// How many there are on all pages.
    pub total: i64,
    /// What the next page comes after; `None` on the last one.
    pub next: Option<String>,
}

/// Reads a page, in the transaction that is open.
///
/// # Errors
/// A usage error for `after` and `active` that do not fit the registry; the server's otherwise.
pub async fn list(
    client: &Client,
    registry: &Registry<'_>,
    key_type: KeyType,
    query: &Query,
) -> Result<Page> {
    let mut text = Conditions::default();
    if let Some(filter) = &query.filter {
        text.filter(registry, filter);
    }
    if let Some(active) = query.active {
        text.active(registry, active)?;
    }
    let total = {
        let sql = format!(
            "select pg_catalog.count(*) from {}{}",
            registry.table(),
            text.clause()
        );
        let rows = run(client, &sql, &text.parameters).await?;
        let total = rows.first().map(|row| row.try_get(0)).transpose();
        total.map_err(explain)?.unwrap_or(0)
    };
    let order = order(registry, query.sort);
    if let Some(after) = &query.after {
        let after = checked_id(after, key_type).context("--after")?;
        text.after(client, registry, &order, after).await?;
    }
    let sql = format!(
        "select {} from {}{} order by {} limit {}",
        registry.select_list(),
        registry.table(),
        text.clause(),
        order.join(", "),
        u64::from(query.limit) + 1
    );
    let rows = run(client, &sql, &text.parameters).await?;
    let mut organizations: Vec<_> = rows.iter().map(Registry::read).collect::<Result<_>>()?;
    let limit = query.limit as usize;
    let more = organizations.len() > limit;
    organizations.truncate(limit);
    let next = organizations
        .last()
        .filter(|_| more)
        .map(|last| last.id.clone());
    Ok(Page {
        organizations,
        total,
        next,
    })
}

/// The expressions that a page is ordered by. A name that may be null would drop out of every
/// comparison, and so would its organization of every page but the first.
fn order(registry: &Registry<'_>, sort: Sort) -> Vec<String> {
    let id = quote::ident(&registry.id.name);
    match registry.name {
        Some(name) if sort == Sort::Name && name.number != registry.id.number => {
            let column = quote::ident(&name.name);
            let column = if name.not_null {
                column
            } else {
                format!("coalesce({column}::text, '')")
            };
            vec![column, id]
        }
        _ => vec![id],
    }
}

#[derive(Default)]
struct Conditions {
    all: Vec<String>,
    parameters: Vec<String>,
}

impl Conditions {
    fn parameter(&mut self, value: &str) -> String {
        self.parameters.push(value.to_owned());
        format!("(${}::text)", self.parameters.len())
    }

    fn filter(&mut self, registry: &Registry<'_>, filter: &str) {
        let place = self.parameter(filter);
        let mut any = vec![format!(
            "{}::text = {place}",
            quote::ident(&registry.id.name)
        )];
        for column in [registry.name, registry.slug].into_iter().flatten() {
            any.push(format!(
                "pg_catalog.strpos(pg_catalog.lower({}::text), pg_catalog.lower({place})) > 0",
                quote::ident(&column.name)
            ));
        }
        self.all.push(format!("({})", any.join(" or ")));
    }

    fn active(&mut self, registry: &Registry<'_>, active: bool) -> Result<()> {
        let column = registry.active.ok_or_else(|| {
            usage(format!(
                "the registry {} has no column that says whether an organization is active; name it in [registry] active",
                registry.relation.verbatim()
            ))
        })?;
        let is = if active { "is true" } else { "is not true" };
        self.all
            .push(format!("{} {is}", quote::ident(&column.name)));
        Ok(())
    }

    async fn after(
        &mut self,
        client: &Client,
        registry: &Registry<'_>,
        order: &[String],
        id: String,
    ) -> Result<()> {
        let column = quote::ident(&registry.id.name);
        let cast = registry.cast(registry.id)?;
        let row = |place: &str| {
            format!(
                "select {} from {} where {column} = {place}::{cast}",
                order.join(", "),
                registry.table()
            )
        };
        let there = format!("select 1 where exists ({})", row("($1::text)"));
        if run(client, &there, std::slice::from_ref(&id))
            .await?
            .is_empty()
        {
            return Err(usage(format!("--after: there is no organization {id}")));
        }
        let place = self.parameter(&id);
        self.all
            .push(format!("({}) > ({})", order.join(", "), row(&place)));
        Ok(())
    }

    fn clause(&self) -> String {
        if self.all.is_empty() {
            String::new()
        } else {
            format!(" where {}", self.all.join(" and "))
        }
    }
}

async fn run(client: &Client, sql: &str, parameters: &[String]) -> Result<Vec<Row>> {
    let typed: Vec<_> = parameters
        .iter()
        .map(|text| (text as &(dyn ToSql + Sync), Type::TEXT))
        .collect();
    client
        .query_typed(sql, &typed)
        .await
        .map_err(explain)
        .context("cannot list the organizations")
}
