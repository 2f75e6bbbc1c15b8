//! The tables that inference looks at, and their foreign keys.

use std::collections::{BTreeMap, BTreeSet};

use super::words;
use crate::catalog::{Column, ConstraintKind, Oid, Relation, Snapshot};
use crate::settings::KeyType;

/// The types in `pg_type` that a tenant key may have.
const KEY_TYPES: [(Oid, KeyType); 5] = [
    (2950, KeyType::Uuid),
    (20, KeyType::Bigint),
    (23, KeyType::Integer),
    (25, KeyType::Text),
    (1043, KeyType::Text),
];

/// Tables that may be tenants': no extension's, no migration tool's, no partition by itself.
pub(super) struct Scope<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) tables: Vec<&'a Relation>,
    /// Which tables have a column of a name.
    pub(super) by_column: BTreeMap<&'a str, Vec<(&'a Relation, &'a Column)>>,
}

/// A foreign key on one column.
#[derive(Clone, Copy)]
pub(super) struct Reference<'a> {
    pub(super) column: &'a Column,
    pub(super) table: &'a Relation,
    pub(super) target: &'a Column,
    pub(super) cascades: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, schemas: &[String]) -> Self {
        let mut tables: Vec<&Relation> = snapshot
            .relations
            .values()
            .filter(|relation| {
                relation.kind.is_table()
                    && !relation.of_extension
                    && relation.parents.is_empty()
                    && !words::is_bookkeeping(&relation.name)
                    && (schemas.is_empty() || schemas.iter().any(|s| **s == *relation.schema_name))
            })
            .collect();
        tables.sort_by_cached_key(|relation| (relation.schema_name.clone(), relation.name.clone()));
        let mut by_column: BTreeMap<&str, Vec<(&Relation, &Column)>> = BTreeMap::new();
        for table in &tables {
            for column in &table.columns {
                by_column
                    .entry(&column.name)
                    .or_default()
                    .push((table, column));
            }
        }
        Self {
            snapshot,
            tables,
            by_column,
        }
    }

    /// Foreign keys on one column, in the order of the columns.
    pub(super) fn references(&self, table: &'a Relation) -> Vec<Reference<'a>> {
        let mut found: Vec<Reference<'a>> = table
            .constraints
            .iter()
            .filter(|constraint| constraint.kind == ConstraintKind::Foreign)
            .filter_map(|constraint| {
                let ([column], [target]) = (
                    constraint.columns.as_slice(),
                    constraint.referenced_columns.as_slice(),
                ) else {
                    return None;
                };
                let other = self.snapshot.relations.get(&constraint.references)?;
                Some(Reference {
                    column: table.attribute(*column)?,
                    table: other,
                    target: other.attribute(*target)?,
                    cascades: constraint.on_delete == 'c',
                })
            })
            .collect();
        found.sort_by_key(|reference| reference.column.number);
        found
    }

    /// Every table that a foreign key of `table` leads to, of however many columns.
    pub(super) fn targets(&self, table: &Relation) -> BTreeSet<Oid> {
        let foreign = table
            .constraints
            .iter()
            .filter(|c| c.kind == ConstraintKind::Foreign);
        foreign.map(|constraint| constraint.references).collect()
    }

    /// The kind of key that a column could be.
    pub(super) fn key_type(&self, column: &Column) -> Option<KeyType> {
        let base = self.snapshot.base_type(column.type_oid);
        KEY_TYPES
            .iter()
            .find(|(oid, _)| *oid == base)
            .map(|(_, key_type)| *key_type)
    }
}

/// A table's primary key, where it is one column.
pub(super) fn primary_key(table: &Relation) -> Option<&Column> {
    let primary = table
        .constraints
        .iter()
        .find(|c| c.kind == ConstraintKind::Primary)?;
    match primary.columns.as_slice() {
        [column] => table.attribute(*column),
        _ => None,
    }
}

/// Whether one column alone is unique.
pub(super) fn is_unique(table: &Relation, column: &Column) -> bool {
    table
        .indexes
        .iter()
        .any(|index| index.unique && !index.partial && index.columns == [column.number])
}
