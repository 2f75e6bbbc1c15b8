//! One row of an organization, as the administrator sees it: what an attack aims at.

use anyhow::Result;

use super::eye::Eye;
use super::rights::Rights;
use super::world::World;
use crate::catalog::{Column, Index, Oid, Relation};
use crate::session::quote;

/// A row: every column as text, in the order of the relation's columns.
#[derive(Clone, Debug)]
pub(super) struct Specimen {
    pub(super) cells: Vec<Option<String>>,
    /// Where it lies, the table's oid and the place; only for tables without a usable key.
    pub(super) ctid: Option<String>,
}

/// Values longer than this are not fetched: they would only be carried around.
const LONGEST: usize = 8000;

impl Specimen {
    pub(super) fn cell<'s>(&'s self, relation: &Relation, column: &str) -> Option<&'s str> {
        let at = relation.columns.iter().position(|c| c.name == column)?;
        self.cells.get(at)?.as_deref()
    }
}

/// The select list that makes a [`Specimen`].
pub(super) fn select_list(relation: &Relation, alias: &str) -> String {
    let mut list: Vec<String> = relation
        .columns
        .iter()
        .map(|column| {
            let name = format!("{alias}.{}", quote::ident(&column.name));
            format!(
                "case when pg_catalog.octet_length({name}::text) <= {LONGEST} then {name}::text end"
            )
        })
        .collect();
    // Below a parent a place names a row only together with the child that it is in.
    list.push(format!(
        "{alias}.tableoid::text || ' ' || {alias}.ctid::text"
    ));
    list.join(", ")
}

/// A [`Specimen`] from a row that [`select_list`] fetched.
pub(super) fn from_row(mut row: Vec<Option<String>>) -> Specimen {
    let ctid = row.pop().flatten();
    Specimen { cells: row, ctid }
}

/// Fetches one row of an organization.
pub(super) async fn fetch(
    eye: &Eye<'_>,
    world: &World<'_>,
    oid: Oid,
    organization: &str,
) -> Result<Option<Specimen>> {
    let relation = &world.tenancy.snapshot.relations[&oid];
    let sql = format!(
        "select {} from {} x where {} limit 1",
        select_list(relation, "x"),
        relation.qualified(),
        world.belongs(oid, "x", organization)
    );
    let reply = eye.ask_as(organization, &sql).await?;
    Ok(reply.rows().first().cloned().map(from_row))
}

/// The columns of the smallest key that names one row: the primary key before other unique ones.
pub(super) fn key_columns<'r>(
    relation: &'r Relation,
    fits: &dyn Fn(&Column) -> bool,
) -> Option<Vec<&'r Column>> {
    let whole = |index: &&Index| index.unique && index.usable && !index.partial;
    let mut indexes: Vec<&Index> = relation.indexes.iter().filter(whole).collect();
    indexes.sort_by_key(|index| (!index.primary, index.columns.len(), &index.name));
    indexes.into_iter().find_map(|index| {
        let columns: Option<Vec<&Column>> = index
            .columns
            .iter()
            .map(|number| relation.attribute(*number))
            .collect();
        columns.filter(|columns| {
            columns
                .iter()
                .all(|column| fits(column) && (index.primary || column.not_null))
        })
    })
}

/// A condition that only this row fulfils, by columns that the application may read; `None` where
/// it may read none.
pub(super) fn condition(
    relation: &Relation,
    rights: &Rights,
    specimen: &Specimen,
) -> Option<String> {
    let readable = |column: &Column| rights.may_select(&column.name);
    let present =
        |column: &Column| readable(column) && specimen.cell(relation, &column.name).is_some();
    let equals = |column: &&Column| {
        let name = quote::ident(&column.name);
        match specimen.cell(relation, &column.name) {
            Some(value) => format!("{name} = {}", quote::literal(value)),
            None => format!("{name} is null"),
        }
    };
    if let Some(columns) = key_columns(relation, &present) {
        return Some(columns.iter().map(equals).collect::<Vec<_>>().join(" and "));
    }
    let all = relation.columns.iter().all(readable);
    let place = specimen
        .ctid
        .as_ref()
        .and_then(|place| place.split_once(' '));
    if let (true, Some((table, ctid))) = (all, place) {
        let here = format!("ctid = {}", quote::literal(ctid));
        if table == relation.oid.to_string() {
            return Some(here);
        }
        return Some(format!("tableoid = {} and {here}", quote::literal(table)));
    }
    let rest: Vec<String> = relation
        .columns
        .iter()
        .filter(|column| present(column))
        .map(|column| {
            let value = specimen.cell(relation, &column.name).unwrap_or_default();
            format!(
                "{}::text = {}",
                quote::ident(&column.name),
                quote::literal(value)
            )
        })
        .collect();
    (!rest.is_empty()).then(|| rest.join(" and "))
}
