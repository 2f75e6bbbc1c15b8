//! What the planner knows: sampled values of every organization's rows, and estimates made from them.
//!
//! `pg_stats` hides tables whose policies bind the reader, `pg_stats_ext` does since 15.7 and 16.3; the catalogs
//! below them do not. Estimates cannot be hidden by any configuration: they are worth knowing, and no more.
//! `view-pg-stats`, `view-pg-stats-ext`, `catalog-pg-statistic`.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::reply::Reply;
use super::super::run::{Collected, Stage};
use super::super::specimen;
use super::shown::{Shown, script};
use crate::catalog::{Column, Oid, Relation};
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

/// Sampled values that are looked at for one source.
const MOST_VALUES: usize = 300;
/// Of them, those whose owner is looked up.
const MOST_LOOKUPS: usize = 40;
/// Tables whose estimates are compared.
const MOST_TABLES: usize = 20;
/// A value that no row has.
const NOBODYS: &str = "tenantctl-nobody";

/// Where sampled values stand: a query for (table, column, value, object) of the tables `{tables}`.
struct Source {
    name: &'static str,
    sql: &'static str,
}

const SOURCES: [Source; 4] = [
    Source {
        name: "pg_catalog.pg_stats",
        sql: "select c.oid::text, s.attname::text, v.value, 'pg_catalog.pg_stats' \
              from pg_catalog.pg_stats s \
              join pg_catalog.pg_namespace n on n.nspname = s.schemaname \
              join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.tablename, \
              unnest(coalesce(s.most_common_vals::text::text[], '{}') \
                     || coalesce(s.histogram_bounds::text::text[], '{}')) as v (value) \
              where c.oid in ({tables})",
    },
    Source {
        name: "pg_catalog.pg_stats_ext",
        sql: "select c.oid::text, s.attnames[1 + (v.nth - 1) % cardinality(s.attnames)]::text, v.value, \
              pg_catalog.quote_ident(s.statistics_schemaname) || '.' || pg_catalog.quote_ident(s.statistics_name) \
              from pg_catalog.pg_stats_ext s \
              join pg_catalog.pg_namespace n on n.nspname = s.schemaname \
              join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.tablename, \
              unnest(s.most_common_vals) with ordinality as v (value, nth) \
              where c.oid in ({tables}) and cardinality(s.attnames) > 0",
    },
    Source {
        name: "pg_catalog.pg_statistic",
        sql: "select s.starelid::text, a.attname::text, v.value, 'pg_catalog.pg_statistic' \
              from pg_catalog.pg_statistic s \
              join pg_catalog.pg_attribute a on a.attrelid = s.starelid and a.attnum = s.staattnum, \
              unnest(coalesce(s.stavalues1::text::text[], '{}') || coalesce(s.stavalues2::text::text[], '{}') \
                     || coalesce(s.stavalues3::text::text[], '{}')) as v (value) \
              where s.starelid in ({tables})",
    },
    Source {
        name: "pg_catalog.pg_statistic_ext_data",
        sql: "select e.stxrelid::text, a.attname::text, m.values[k.nth], 'pg_catalog.pg_statistic_ext_data' \
              from pg_catalog.pg_statistic_ext_data d \
              join pg_catalog.pg_statistic_ext e on e.oid = d.stxoid, \
              pg_catalog.pg_mcv_list_items(d.stxdmcv) as m, \
              unnest(e.stxkeys::int2[]) with ordinality as k (number, nth) \
              join pg_catalog.pg_attribute a on a.attnum = k.number \
              where a.attrelid = e.stxrelid and e.stxrelid in ({tables})",
    },
];

/// Reads the samples of tables that do not leak otherwise, and compares estimates.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    let tenancy = stage.world.tenancy;
    let closed: Vec<&Relation> = tenancy
        .by_name()
        .into_iter()
        .map(|table| tenancy.relation(table))
        .filter(|table| {
            !collected
                .ledger
                .leaks(&table.qualified(), Operation::Select)
        })
        .collect();
    if closed.is_empty() || tenancy.app.is_none_or(|app| app.superuser) {
        return Ok(());
    }
    let opening = stage.attacker.opening.as_str();
    let ((), attempts) = Arena::rolled_back(session, stage.arena(opening, true), async |arena| {
        for source in &SOURCES {
            samples(stage, (source, &closed), (arena, collected)).await?;
        }
        estimates(stage, &closed, (arena, collected)).await
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

async fn samples(
    stage: &Stage<'_, '_>,
    (source, tables): (&Source, &[&Relation]),
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let list: Vec<String> = tables.iter().map(|table| table.oid.to_string()).collect();
    let sql = source.sql.replace("{tables}", &list.join(", "));
    let sql = format!("{sql} limit {MOST_VALUES}");
    let reply = arena.attempt(stage.world.as_a(), &sql).await?;
    let mut looked = 0;
    for row in reply.rows() {
        let [Some(oid), Some(column), Some(value), Some(object)] = row.as_slice() else {
            continue;
        };
        let oid: Option<Oid> = oid.parse().ok();
        let relation = oid.and_then(|oid| tables.iter().find(|table| table.oid == oid));
        let Some(relation) = relation.filter(|relation| relation.column(column).is_some()) else {
            continue;
        };
        looked += 1;
        if looked > MOST_LOOKUPS {
            return Ok(());
        }
        if !is_theirs_alone(stage, relation, (column, value)).await? {
            continue;
        }
        let column = format!("{}.{}", relation.qualified(), quote::ident(column));
        let shown = Shown {
            check: "probe-statistics",
            class: Class::Surface,
            severity: Severity::High,
            object: object.clone(),
            message: format!(
                "{} shows values of {column} that only other organizations' rows have",
                source.name
            ),
            path: vec![
                format!("SELECT on {}", source.name),
                format!("sampled values of {column}"),
            ],
            evidence: script(stage.world, &[], &[(stage.world.as_a(), &sql)]),
            fix: Some(format!(
                "REVOKE SELECT ON {} FROM {};  -- pg_stats_ext: update to 15.7, 16.3 or later",
                source.name,
                quote::ident(stage.world.app_role())
            )),
        };
        collected
            .ledger
            .leak(Some(Operation::Select), shown.finding(stage.world));
        return Ok(());
    }
    Ok(())
}

/// Whether rows of other organizations have the value, and none of the attacker's own.
async fn is_theirs_alone(
    stage: &Stage<'_, '_>,
    relation: &Relation,
    (column, value): (&str, &str),
) -> Result<bool> {
    let name = relation.qualified();
    let equal = format!(
        "x.{}::text = {}",
        quote::ident(column),
        quote::literal(value)
    );
    let mine = stage.world.belongs(relation.oid, "x", &stage.world.a);
    let sql = format!(
        "select 1 where exists (select from {name} x where {equal}) \
         and not exists (select from {name} x where {equal} and {mine})"
    );
    let reply: Reply = stage.eye.ask(&sql).await?;
    Ok(!reply.rows().is_empty())
}

/// Whether the planner expects more rows for a value of the victim's than for one that nobody has.
async fn estimates(
    stage: &Stage<'_, '_>,
    tables: &[&Relation],
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let world = stage.world;
    let analyzed = tables.iter().filter(|table| table.estimated_rows > 0.0);
    for relation in analyzed.take(MOST_TABLES) {
        let Some(row) = specimen::fetch(stage.eye, world, relation.oid, &world.b).await? else {
            continue;
        };
        for column in texts(stage, relation) {
            let Some(value) = row.cell(relation, &column.name) else {
                continue;
            };
            let explain = |value: &str| {
                format!(
                    "explain select 1 from {} where {} = {}",
                    relation.qualified(),
                    quote::ident(&column.name),
                    quote::literal(value)
                )
            };
            let known = explain(value);
            let theirs = arena.attempt(world.as_a(), &known).await?;
            let nobodys = arena.attempt(world.as_a(), &explain(NOBODYS)).await?;
            let told = expected(&theirs) > expected(&nobodys).map(|rows| rows.saturating_mul(2));
            if told && is_theirs_alone(stage, relation, (&column.name, value)).await? {
                let evidence = script(world, &[], &[(world.as_a(), &known)]);
                let shown = estimated(relation, column, evidence);
                collected.ledger.leak(None, shown.finding(world));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Columns of text that the attacker may name.
fn texts<'r>(stage: &Stage<'_, '_>, relation: &'r Relation) -> Vec<&'r Column> {
    let world = stage.world;
    let snapshot = world.tenancy.snapshot;
    let readable = |column: &str| {
        let rights = world.rights.get(&relation.oid);
        rights.is_some_and(|rights| rights.may_select(column))
    };
    let is_text = |column: &Column| {
        let found = snapshot.types.get(&snapshot.base_type(column.type_oid));
        found.is_some_and(|found| found.category == 'S')
    };
    let columns = relation.columns.iter();
    columns
        .filter(|column| is_text(column) && readable(&column.name))
        .collect()
}

fn estimated(relation: &Relation, column: &Column, evidence: Option<String>) -> Shown {
    let name = relation.qualified();
    Shown {
        check: "probe-estimates",
        class: Class::Surface,
        severity: Severity::Info,
        object: name.clone(),
        message: format!(
            "EXPLAIN expects more rows of {name} for a common {} of another organization's than for a value that \
             nobody has; no configuration hides that",
            quote::ident(&column.name)
        ),
        path: vec![
            format!("EXPLAIN on {name}"),
            "statistics of every organization's rows".to_owned(),
        ],
        evidence,
        fix: None,
    }
}

/// The rows that a plan expects; the topmost node's, which no policy's own sub-select blurs.
fn expected(reply: &Reply) -> Option<u64> {
    let line = reply.value()?;
    let (_, rest) = line.split_once("rows=")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
