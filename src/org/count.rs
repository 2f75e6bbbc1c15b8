//! Counts rows per organization: one grouped query a tenant table, each with a limit on its time.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::registry::cast;
use super::row_security_active;
use crate::session::{error::explain, quote};
use crate::tenancy::{Reach, Tenancy, TenantTable};

/// How long counting one table may take.
const STATEMENT_TIMEOUT: &str = "30s";

/// A tenant table's rows, by organization.
#[derive(Clone, Debug)]
pub struct TableCount {
    /// The table, quoted where PostgreSQL would.
    pub table: String,
    /// Rows by the organization's id; `Err` says why they were not counted.
    pub rows: Result<BTreeMap<String, i64>, String>,
}

impl TableCount {
    /// One organization's rows; `None` where they were not counted.
    pub fn of(&self, id: &str) -> Option<i64> {
        let rows = self.rows.as_ref().ok()?;
        Some(rows.get(id).copied().unwrap_or(0))
    }

    /// The rows of all the organizations asked for; `None` where they were not counted.
    pub fn total(&self) -> Option<i64> {
        Some(self.rows.as_ref().ok()?.values().sum())
    }
}

/// Counts the rows of these organizations in every tenant table but the registry, in the
/// transaction that is open. `tick` is called after each table.
///
/// # Errors
/// The connection's. A table that cannot be counted says so in its place.
pub async fn count(
    client: &Client,
    tenancy: &Tenancy<'_>,
    ids: &[String],
    tick: impl Fn(),
) -> Result<Vec<TableCount>> {
    let mut counts = Vec::new();
    for table in tenancy.by_name() {
        let relation = tenancy.relation(table);
        // A partition is counted with its parent, and so is an inheritance child.
        let within = relation
            .parents
            .iter()
            .any(|parent| tenancy.tables.contains_key(parent));
        if matches!(table.reach, Reach::Registry { .. }) || within {
            continue;
        }
        counts.push(TableCount {
            table: relation.qualified(),
            rows: guarded(client, tenancy, table, ids).await?,
        });
        tick();
    }
    Ok(counts)
}

type Counted = Result<BTreeMap<String, i64>, String>;

/// One table in a savepoint of its own, so that the others answer whatever happens.
async fn guarded(
    client: &Client,
    tenancy: &Tenancy<'_>,
    table: &TenantTable,
    ids: &[String],
) -> Result<Counted> {
    let start = format!("savepoint counting; set local statement_timeout = '{STATEMENT_TIMEOUT}'");
    client.batch_execute(&start).await.map_err(explain)?;
    let answer = grouped(client, tenancy, table, ids).await;
    let end = if answer.is_ok() {
        "release savepoint counting"
    } else {
        "rollback to savepoint counting; release savepoint counting"
    };
    client
        .batch_execute(end)
        .await
        .map_err(explain)
        .context("cannot go on counting")?;
    Ok(answer.unwrap_or_else(|error| Err(format!("{error:#}"))))
}

async fn grouped(
    client: &Client,
    tenancy: &Tenancy<'_>,
    table: &TenantTable,
    ids: &[String],
) -> Result<Counted> {
    if row_security_active(client, tenancy.relation(table)).await? {
        return Ok(Err(
            "row security applies to this connection, a count would be too low".into(),
        ));
    }
    let Some(sql) = statement(tenancy, table) else {
        return Ok(Err("no way to the tenant key".into()));
    };
    let rows = client
        .query_typed(&sql, &[(&ids, Type::TEXT_ARRAY)])
        .await
        .map_err(|error| {
            let slow = error.code() == Some(&SqlState::QUERY_CANCELED);
            let error = explain(error);
            if slow {
                error.context(format!("counting took more than {STATEMENT_TIMEOUT}"))
            } else {
                error
            }
        })?;
    let mut counted = BTreeMap::new();
    for row in rows {
        let id = row.try_get(0).map_err(explain)?;
        counted.insert(id, row.try_get(1).map_err(explain)?);
    }
    Ok(Ok(counted))
}

/// Joins a via-table to the parent that has the key.
fn statement(tenancy: &Tenancy<'_>, table: &TenantTable) -> Option<String> {
    let mut at = table;
    let mut from = format!("{} t0", tenancy.relation(at).qualified());
    let mut depth = 0;
    while let Reach::Via {
        column,
        parent,
        parent_column,
    } = at.reach
    {
        let child = tenancy.relation(at);
        at = tenancy.tables.get(&parent)?;
        let next = depth + 1;
        from = format!(
            "{from} join {} t{next} on t{next}.{} = t{depth}.{}",
            tenancy.relation(at).qualified(),
            quote::ident(&tenancy.relation(at).attribute(parent_column)?.name),
            quote::ident(&child.attribute(column)?.name)
        );
        depth = next;
    }
    let key = tenancy.relation(at).attribute(at.reach.key()?)?;
    let base = tenancy.snapshot.base_type(key.type_oid);
    let name = quote::ident(&key.name);
    Some(format!(
        "select t{depth}.{name}::text, pg_catalog.count(*) from {from} \
         where t{depth}.{name} = any (($1::text[])::{}[]) group by 1",
        cast(tenancy.snapshot, base)?
    ))
}
