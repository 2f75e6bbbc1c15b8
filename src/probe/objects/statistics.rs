//! What the planner knows: sampled values of every organization's rows, and estimates made from them.
//!
//! `pg_stats` hides tables whose policies bind the reader, `pg_stats_ext` does since 15.7 and 16.3; the catalogs
//! below them do not. Estimates cannot be hidden by any configuration: they are worth knowing, and no more.
//! `view-pg-stats`, `view-pg-stats-ext`, `catalog-pg-statistic`.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::catalog::{Column, Oid, Relation};
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const SAMPLES: Channel = Channel {
    id: "probe-statistics",
    title: "the planner's samples show another organization's values",
    tries: "pg_stats, pg_stats_ext, pg_statistic and pg_statistic_ext_data are read as A, and each value is looked up: one that rows of others have and none of A's",
    why: "samples are taken from all rows. The views hide tables whose policies bind the reader (pg_stats_ext since 15.7 and 16.3), the catalogs below them do not",
    class: Class::Surface,
    severity: Severity::High,
};

/// See [`Channel`].
pub(super) const ESTIMATES: Channel = Channel {
    id: "probe-estimates",
    title: "EXPLAIN tells common values of other organizations",
    tries: "EXPLAIN as A of a query for a common value of B's and for one that nobody has: the rows that the planner expects",
    why: "estimates come from everybody's rows. No configuration hides them, so that it is worth knowing and no more",
    class: Class::Surface,
    severity: Severity::Info,
};

/// Sampled values that are looked at for one source.
const MOST_VALUES: usize = 300;
/// Of them, those whose owner is looked up.
const MOST_LOOKUPS: usize = 10;
/// Tables whose estimates are compared.
const MOST_TABLES: usize = 20;
/// Common values of one table that are tried.
const MOST_COMMON: usize = 50;
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
            channel: &SAMPLES,
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
    let mut looked = 0;
    for relation in analyzed.take(MOST_TABLES) {
        for (column, value) in common(stage, relation).await? {
            let explain = |value: &str| {
                format!(
                    "explain select 1 from {} where {} = {}",
                    relation.qualified(),
                    quote::ident(&column.name),
                    quote::literal(value)
                )
            };
            let known = explain(&value);
            let theirs = arena.attempt(world.as_a(), &known).await?;
            let nobodys = arena.attempt(world.as_a(), &explain(NOBODYS)).await?;
            let told = expected(&theirs) > expected(&nobodys).map(|rows| rows.saturating_mul(2));
            looked += usize::from(told);
            if looked > MOST_LOOKUPS {
                return Ok(());
            }
            if told && is_theirs_alone(stage, relation, (&column.name, &value)).await? {
                let evidence = script(world, &[], &[(world.as_a(), &known)]);
                let shown = estimated(relation, column, evidence);
                collected.ledger.leak(None, shown.finding(world));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Common values of columns of text that the attacker may name.
async fn common<'r>(
    stage: &Stage<'_, '_>,
    relation: &'r Relation,
) -> Result<Vec<(&'r Column, String)>> {
    let world = stage.world;
    let snapshot = world.tenancy.snapshot;
    let sql = format!(
        "select s.attname::text, v.value from pg_catalog.pg_stats s, \
         unnest(s.most_common_vals::text::text[]) as v (value) \
         where s.schemaname = {} and s.tablename = {} order by s.attname, v.value limit {MOST_COMMON}",
        quote::literal(&relation.schema_name),
        quote::literal(&relation.name)
    );
    let reply = stage.eye.ask(&sql).await?;
    let is_told = |column: &Column| {
        let found = snapshot.types.get(&snapshot.base_type(column.type_oid));
        let rights = world.rights.get(&relation.oid);
        found.is_some_and(|found| found.category == 'S')
            && rights.is_some_and(|rights| rights.may_select(&column.name))
    };
    let rows = reply.rows().iter();
    let values = rows.filter_map(|row| {
        let [Some(column), Some(value)] = row.as_slice() else {
            return None;
        };
        let column = relation.column(column).filter(|column| is_told(column))?;
        Some((column, value.clone()))
    });
    Ok(values.collect())
}

fn estimated(relation: &Relation, column: &Column, evidence: Option<String>) -> Shown {
    let name = relation.qualified();
    Shown {
        channel: &ESTIMATES,
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
