//! Which rows a transaction of ours made, its triggers' rows among them.
//!
//! The server counts what a transaction did to each table (`pg_stat_xact_all_tables`), and a row
//! tells which transaction made it: under REPEATABLE READ, with the transaction's id assigned after
//! its snapshot was taken, `age(xmin) <= 0` is true of its own rows and of no others.

use std::collections::BTreeMap;

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::eye::Eye;
use super::super::reply::Reply;
use super::super::specimen::key_columns;
use super::journal::Trace;
use crate::catalog::{Oid, Snapshot};
use crate::session::quote;

/// Rows inserted, updated and deleted in each table.
pub(super) type Counts = BTreeMap<Oid, [i64; 3]>;

/// More rows than this are not canaries any more, whoever wrote them.
const MOST: usize = 1000;
/// A row of `pg_class` that was made: a trigger creates tables.
const PG_CLASS: Oid = 1259;

/// What the session did so far. Counts of an earlier transaction may be among them, and those of
/// statements that were taken back: only the difference of two says something, and that is a bound.
pub(super) async fn counts(
    arena: &mut Arena<'_>,
    first: &[String],
) -> Result<Result<Counts, String>> {
    let sql = "select relid::text, n_tup_ins::text, n_tup_upd::text, n_tup_del::text \
               from pg_catalog.pg_stat_xact_all_tables \
               where n_tup_ins + n_tup_upd + n_tup_del > 0 and schemaname <> 'pg_toast' \
               and (schemaname <> 'pg_catalog' or relname = 'pg_class')";
    let reply = arena.script(&after(first, sql)).await?;
    if let Some(refused) = reply.refused() {
        return Ok(Err(refused.text.clone()));
    }
    Ok(Ok(read(&reply)))
}

fn after<'s>(first: &'s [String], sql: &'s str) -> Vec<(As<'s>, &'s str)> {
    let all = first.iter().map(String::as_str).chain([sql]);
    all.map(|sql| (As::Unset, sql)).collect()
}

fn read(reply: &Reply) -> Counts {
    let number = |row: &Vec<Option<String>>, at: usize| -> Option<i64> {
        row.get(at)?.as_deref()?.parse().ok()
    };
    reply
        .rows()
        .iter()
        .filter_map(|row| {
            let oid = row.first()?.as_deref()?.parse().ok()?;
            Some((oid, [number(row, 1)?, number(row, 2)?, number(row, 3)?]))
        })
        .collect()
}

/// What came since.
pub(super) fn since(before: &Counts, after: &Counts) -> Counts {
    after
        .iter()
        .map(|(oid, now)| {
            let then = before.get(oid).copied().unwrap_or_default();
            (*oid, std::array::from_fn(|nth| now[nth] - then[nth]))
        })
        .filter(|(_, counts): &(Oid, [i64; 3])| counts.iter().any(|count| *count > 0))
        .collect()
}

/// The rows that this transaction made, in tables that it wrote to; the error is why they cannot be
/// told.
///
/// `first` are statements that run before each look and are taken back after it.
pub(super) async fn own(
    (arena, first): (&mut Arena<'_>, &[String]),
    snapshot: &Snapshot,
    touched: &Counts,
) -> Result<Result<Vec<Trace>, String>> {
    let mut found = Vec::new();
    for (oid, [inserted, updated, _]) in touched {
        if *oid == PG_CLASS {
            return Ok(Err("a trigger creates tables or indexes".to_owned()));
        }
        let Some(relation) = snapshot.relations.get(oid) else {
            return Ok(Err(format!(
                "a trigger writes to the relation with the oid {oid}, which was not there before"
            )));
        };
        let key = key_columns(relation, &|_| true).unwrap_or_default();
        if key.is_empty() && *updated > 0 {
            return Ok(Err(format!(
                "a trigger changes rows of {}, which has no key to tell them apart by",
                relation.qualified()
            )));
        }
        if *inserted == 0 && *updated == 0 {
            continue;
        }
        let mut columns: Vec<String> = key
            .iter()
            .map(|column| format!("x.{}::text", quote::ident(&column.name)))
            .collect();
        columns.push("x.xmin::text".to_owned());
        let sql = format!(
            "select {} from only {} x where pg_catalog.age(x.xmin) <= 0 limit {}",
            columns.join(", "),
            relation.qualified(),
            MOST + 1
        );
        let reply = arena.script(&after(first, &sql)).await?;
        if let Some(refused) = reply.refused() {
            return Ok(Err(format!(
                "what was written to {} cannot be looked at: {}",
                relation.qualified(),
                refused.text
            )));
        }
        let names: Vec<&str> = key.iter().map(|column| column.name.as_str()).collect();
        found.extend(reply.rows().iter().map(|row| Trace {
            oid: *oid,
            table: relation.qualified(),
            condition: condition(&names, row),
        }));
        if found.len() > MOST {
            return Ok(Err(format!(
                "triggers write more than {MOST} rows, the last ones to {}",
                relation.qualified()
            )));
        }
    }
    Ok(Ok(found))
}

/// By its key, or else by the transaction that made it.
fn condition(key: &[&str], row: &[Option<String>]) -> String {
    let by_key: Vec<String> = key
        .iter()
        .zip(row)
        .filter_map(|(name, value)| {
            Some(format!(
                "x.{} = {}",
                quote::ident(name),
                quote::literal(value.as_deref()?)
            ))
        })
        .collect();
    if !by_key.is_empty() && by_key.len() == key.len() {
        return by_key.join(" and ");
    }
    let maker = row.last().cloned().flatten().unwrap_or_default();
    format!("x.xmin::text = {}", quote::literal(&maker))
}

/// A row that was there before: everybody else sees it.
pub(super) async fn stranger<'t>(
    eye: &Eye<'_>,
    rows: &'t [Trace],
) -> Result<Result<Option<&'t Trace>, String>> {
    for row in rows {
        let sql = format!("select 1 from only {} x where {}", row.table, row.condition);
        let reply = eye.ask(&sql).await?;
        if let Some(refused) = reply.refused() {
            return Ok(Err(refused.text.clone()));
        }
        if !reply.rows().is_empty() {
            return Ok(Ok(Some(row)));
        }
    }
    Ok(Ok(None))
}

/// One statement that deletes whatever this transaction made or changed in these tables, but not the
/// rows that are known.
pub(super) fn sweep(snapshot: &Snapshot, touched: &Counts, known: &[Trace]) -> Option<String> {
    let rows: Vec<Trace> = touched
        .keys()
        .filter_map(|oid| snapshot.relations.get(oid))
        .map(|relation| {
            let kept: String = known
                .iter()
                .filter(|row| row.oid == relation.oid)
                .map(|row| format!(" and ({}) is not true", row.condition))
                .collect();
            Trace {
                oid: relation.oid,
                table: relation.qualified(),
                condition: format!("pg_catalog.age(x.xmin) <= 0{kept}"),
            }
        })
        .collect();
    (!rows.is_empty()).then(|| delete(&rows))
}

/// One statement that deletes them all: references are checked when all of them are gone.
pub(super) fn delete(rows: &[Trace]) -> String {
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        tables.entry(&row.table).or_default().push(&row.condition);
    }
    let parts: Vec<String> = tables
        .iter()
        .enumerate()
        .map(|(nth, (table, conditions))| {
            format!(
                "d{nth} as (delete from only {table} x where ({}) returning 1)",
                conditions.join(") or (")
            )
        })
        .collect();
    let counted: Vec<String> = (0..parts.len())
        .map(|nth| format!("(select pg_catalog.count(*) from d{nth})"))
        .collect();
    format!("with {} select {}", parts.join(", "), counted.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_for_all_rows() {
        let trace = |table: &str, id: u32| Trace {
            oid: 1,
            table: table.to_owned(),
            condition: condition(&["id"], &[Some(id.to_string()), Some("9".to_owned())]),
        };
        let rows = [
            trace("public.b", 1),
            trace("public.a", 2),
            trace("public.b", 3),
        ];
        assert_eq!(
            delete(&rows),
            "with d0 as (delete from only public.a x where (x.id = '2') returning 1), \
             d1 as (delete from only public.b x where (x.id = '1') or (x.id = '3') returning 1) \
             select (select pg_catalog.count(*) from d0) + (select pg_catalog.count(*) from d1)"
        );
        assert_eq!(
            condition(&[], &[Some("9".to_owned())]),
            "x.xmin::text = '9'"
        );
    }

    #[test]
    fn the_difference_of_two_counts() {
        let before = Counts::from([(1, [3, 0, 0]), (2, [1, 1, 0])]);
        let after = Counts::from([(1, [3, 0, 0]), (2, [2, 1, 0]), (3, [0, 0, 1])]);
        let wanted = Counts::from([(2, [1, 0, 0]), (3, [0, 0, 1])]);
        assert_eq!(since(&before, &after), wanted);
    }
}
