//! Runs SQL checks inside the snapshot's transaction, each in its own savepoint.

use std::cell::Cell;
use std::pin::pin;

use anyhow::{Context, Result};
use futures_util::{StreamExt as _, stream};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::Unfinished;
use crate::catalog;
use crate::check::{Check, Tables};
use crate::finding::{Finding, Severity};
use crate::session::error::{explain, is_lost};
use crate::session::{Connector, Pool, Session, quote};
use crate::tenancy::{Reach, Tenancy, TenantTable};

type Parameters = Vec<(&'static str, String)>;

/// The settings that checks read their parameters from, by name.
pub fn parameters(tenancy: &Tenancy<'_>) -> Vec<(&'static str, String)> {
    let settings = &tenancy.settings.tenancy;
    let mut parameters = vec![
        ("tenantctl.app_role", settings.app_role.clone()),
        (
            "tenantctl.schemas",
            array(settings.schemas.iter().map(|name| Some(name.as_str()))),
        ),
        ("tenantctl.key", settings.key.clone()),
        ("tenantctl.context", settings.context.clone()),
        ("tenantctl.registry", tenancy.registry.qualified()),
        ("tenantctl.registry_id", settings.registry_id.clone()),
        (
            "tenantctl.shared_tables",
            oids(tenancy.shared.iter().copied()),
        ),
    ];
    parameters.extend(about(tenancy, &listed(tenancy)));
    parameters
}

/// What is outside of the configured schemas is the engines' business: it is judged where the
/// application can reach it.
fn listed<'t>(tenancy: &'t Tenancy<'_>) -> Vec<&'t TenantTable> {
    let mut tables = tenancy.by_name();
    tables.retain(|table| table.listed);
    tables
}

/// Tenant tables and their keys.
fn about(tenancy: &Tenancy<'_>, tables: &[&TenantTable]) -> Parameters {
    let keys: Vec<Option<&str>> = tables
        .iter()
        .map(|table| match table.reach {
            Reach::Via { .. } => None,
            _ => tenancy
                .key_column(table.oid)
                .map(|column| column.name.as_str()),
        })
        .collect();
    vec![
        (
            "tenantctl.tenant_tables",
            oids(tables.iter().map(|table| table.oid)),
        ),
        ("tenantctl.tenant_keys", array(keys.into_iter())),
    ]
}

fn oids(items: impl Iterator<Item = u32>) -> String {
    let items: Vec<String> = items.map(|oid| oid.to_string()).collect();
    format!("{{{}}}", items.join(","))
}

/// A `text[]` literal.
pub fn array<'s>(items: impl Iterator<Item = Option<&'s str>>) -> String {
    let items: Vec<String> = items
        .map(|item| match item {
            None => "NULL".to_owned(),
            Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        })
        .collect();
    format!("{{{}}}", items.join(","))
}

/// Above this many tenant tables the checks run on several sessions.
const LARGE: usize = 500;
/// Sessions beside the first one.
const HELPERS: usize = 2;
/// Checks that are sent before the first of them is answered, so that the server never waits for us.
const AHEAD: usize = 4;

/// What the SQL checks found, and which of them could not look.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    pub(super) unfinished: Vec<Unfinished>,
    /// The session was lost while a check ran, which is among the unfinished.
    lost: Option<anyhow::Error>,
}

/// Runs checks, each taken by whichever session is free.
///
/// # Errors
/// The first session's connection was lost.
pub(super) async fn run_all(
    session: &Session,
    connector: &Connector,
    checks: &[&Check],
    tenancy: &Tenancy<'_>,
) -> Result<Looked> {
    let parameters = parameters(tenancy);
    let asked = asked(tenancy, checks);
    let queue = Queue {
        checks: &asked,
        next: Cell::new(0),
    };
    set_parameters(session, &parameters).await?;
    if tenancy.tables.len() <= LARGE || asked.len() <= HELPERS || session.is_pooled() {
        return queue.work(session).await.whole();
    }
    let pool = connector.pool(HELPERS)?;
    let snapshot = export(session).await?;
    let help = || helper(&pool, &snapshot, &parameters, &queue);
    let (first, second, third) = futures_util::join!(queue.work(session), help(), help());
    pool.close();
    let mut all = first.whole()?;
    for looked in [second, third].into_iter().flatten() {
        all.findings.extend(looked.findings);
        all.unfinished.extend(looked.unfinished);
    }
    Ok(all)
}

/// The name by which other sessions can see what this one sees. `functions-admin`, snapshot
/// synchronization.
async fn export(client: &Client) -> Result<String> {
    let rows = client
        .query_typed("select pg_catalog.pg_export_snapshot()", &[])
        .await
        .map_err(explain)?;
    let row = rows.first().context("the server exported no snapshot")?;
    row.try_get(0).map_err(explain)
}

/// A session that helps, if one can be had: out of connections, the first one does it all.
async fn helper(
    pool: &Pool,
    snapshot: &str,
    parameters: &[(&'static str, String)],
    queue: &Queue<'_>,
) -> Option<Looked> {
    let client = pool.get().await.ok()?;
    catalog::begin(&client).await.ok()?;
    let adopt = format!("set transaction snapshot {}", quote::literal(snapshot));
    client.batch_execute(&adopt).await.ok()?;
    set_parameters(&client, parameters).await.ok()?;
    Some(queue.work(&client).await)
}

impl Looked {
    /// Without the first session nothing can be said.
    fn whole(mut self) -> Result<Self> {
        match self.lost.take() {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }
}

/// A check, and the tables that it is asked about where those are not all.
struct Asked<'c> {
    check: &'c Check,
    about: Option<Parameters>,
}

/// Leaves out checks of which the snapshot tells that they have nothing to look at.
fn asked<'c>(tenancy: &Tenancy<'_>, checks: &[&'c Check]) -> Vec<Asked<'c>> {
    let listed = listed(tenancy);
    let ask = |check: &'c Check| {
        if check.needs.is_some_and(|needs| !needs.met(tenancy)) {
            return None;
        }
        if check.tables == Tables::All {
            return Some(Asked { check, about: None });
        }
        let mut tables = listed.clone();
        tables.retain(|table| check.tables.take(tenancy, table));
        (!tables.is_empty()).then(|| Asked {
            check,
            about: Some(about(tenancy, &tables)),
        })
    };
    checks.iter().copied().filter_map(ask).collect()
}

/// Checks that nobody has taken yet.
struct Queue<'c> {
    checks: &'c [Asked<'c>],
    next: Cell<usize>,
}

impl Queue<'_> {
    async fn work(&self, client: &Client) -> Looked {
        let mut looked = Looked::default();
        let next = std::iter::from_fn(|| self.checks.get(self.next.replace(self.next.get() + 1)));
        let runs = next.map(|asked| async move { (asked.check, run(client, asked).await) });
        let mut answers = pin!(stream::iter(runs).buffered(AHEAD));
        while looked.lost.is_none()
            && let Some((check, answer)) = answers.next().await
        {
            match answer {
                Ok(found) => looked.findings.extend(found),
                Err(error) => {
                    let reason = format!("{error:#}");
                    looked.lost = is_lost(&error).then_some(error);
                    looked.unfinished.push(Unfinished {
                        check: check.id.clone(),
                        reason,
                    });
                }
            }
        }
        looked
    }
}

/// Sets the parameters until the end of the transaction.
///
/// # Errors
/// The server's, explained.
async fn set_parameters(client: &Client, parameters: &[(&'static str, String)]) -> Result<()> {
    let calls: Vec<String> = (0..parameters.len())
        .map(|at| {
            format!(
                "pg_catalog.set_config(${}, ${}, true)",
                2 * at + 1,
                2 * at + 2
            )
        })
        .collect();
    let values: Vec<(&(dyn ToSql + Sync), Type)> = parameters
        .iter()
        .flat_map(|(name, value)| [name as &(dyn ToSql + Sync), value])
        .map(|value| (value, Type::TEXT))
        .collect();
    client
        .query_typed(&format!("select {}", calls.join(", ")), &values)
        .await
        .map_err(explain)
        .context("cannot set the parameters of the checks")?;
    Ok(())
}

/// Runs one check; no rows means clean.
///
/// # Errors
/// The server's, explained: the check could not look, and the transaction goes on.
async fn run(client: &Client, asked: &Asked<'_>) -> Result<Vec<Finding>> {
    // Sent together: the server answers in order, and a round trip is worth half a check.
    let (begun, set, outcome, ended) = futures_util::join!(
        client.batch_execute("savepoint tenantctl_check"),
        async {
            match &asked.about {
                None => Ok(()),
                Some(about) => set_parameters(client, about).await,
            }
        },
        rows(client, asked.check),
        // Rolled back to in any case: that restores the parameters, and is the way out of an error.
        client.batch_execute(
            "rollback to savepoint tenantctl_check; release savepoint tenantctl_check"
        ),
    );
    begun.map_err(explain)?;
    ended.map_err(explain)?;
    set?;
    outcome
}

async fn rows(client: &Client, check: &Check) -> Result<Vec<Finding>> {
    // The columns' types are the check's; what is read is cast to text. Those that a check may leave
    // out are found by name.
    let query = format!(
        "select c.object::text, c.detail::text, c.fix::text, \
                j.row ->> 'severity', j.row ->> 'evidence', (j.row -> 'path')::text \
         from (\n{}\n) c cross join lateral (select pg_catalog.to_jsonb(c) as row) j",
        check.sql
    );
    let rows = client.query_typed(&query, &[]).await.map_err(explain)?;
    rows.iter().map(|row| finding(check, row)).collect()
}

fn finding(check: &Check, row: &Row) -> Result<Finding> {
    let text = |at: usize| -> Result<Option<String>> { row.try_get(at).map_err(explain) };
    let severity = match text(3)?.as_deref() {
        None => check.severity,
        Some(word) => Severity::ALL
            .into_iter()
            .find(|severity| severity.word() == word)
            .with_context(|| format!("check {} returned severity '{word}'", check.id))?,
    };
    Ok(Finding {
        check: check.id.clone(),
        class: check.class,
        severity,
        object: text(0)?.with_context(|| format!("check {} returned no object", check.id))?,
        message: text(1)?.unwrap_or_else(|| check.title.clone()),
        path: match text(5)? {
            None => Vec::new(),
            Some(steps) => {
                path(&steps).with_context(|| format!("check {} returned path {steps}", check.id))?
            }
        },
        evidence: text(4)?,
        fix: text(2)?.or_else(|| check.advice()),
    })
}

/// The steps of a `text[]` as JSON; a step that is null does not apply to this row.
fn path(json: &str) -> Result<Vec<String>> {
    let steps: Option<Vec<Option<String>>> =
        serde_json::from_str(json).context("a path is a text[]")?;
    Ok(steps.into_iter().flatten().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_do_not_apply_are_left_out() {
        assert_eq!(
            path(r#"["app", null, "SELECT"]"#).unwrap(),
            ["app", "SELECT"]
        );
        assert!(path("null").unwrap().is_empty());
        assert!(path(r#""app""#).is_err());
    }

    #[test]
    fn array_elements_are_quoted() {
        let items = [Some("a"), None, Some("b\"c\\d")];
        assert_eq!(array(items.into_iter()), r#"{"a",NULL,"b\"c\\d"}"#);
    }
}
