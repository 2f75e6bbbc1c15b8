//! Constraints that only the team can decide about: what they would be, in full SQL.
//!
//! Foreign keys and uniqueness are checked across all tenants, policies or not (`ddl-rowsecurity`).
//! With the tenant key in them they are checked within one. Nothing of this is applied.

use std::collections::BTreeSet;

use super::constraints::free_name;
use super::names;
use crate::catalog::{Column, Constraint, ConstraintKind, Index, Oid, Relation, RelationKind};
use crate::session::quote::{ident, qualified};
use crate::tenancy::{Reach, Tenancy};

/// Something to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Stable across runs: `composite-reference:public.lines:lines_order_id_fkey`.
    pub id: String,
    /// The table, qualified.
    pub object: String,
    /// What is open without it, and what to consider.
    pub why: String,
    /// In order, each in a transaction of its own.
    pub statements: Vec<String>,
}

/// All of them, by table.
pub(super) fn all(tenancy: &Tenancy<'_>) -> Vec<Proposal> {
    let referenced = referenced(tenancy);
    let mut found = Vec::new();
    for table in tenancy.by_name() {
        let relation = tenancy.relation(table);
        let Some(key) = own_key(tenancy, relation) else {
            continue;
        };
        for constraint in &relation.constraints {
            found.extend(reference(tenancy, (relation, key), constraint));
        }
        for index in &relation.indexes {
            found.extend(unique((relation, key), index, &referenced));
        }
    }
    found
}

/// The key of a table that constraints can be added to without locking others.
fn own_key<'a>(tenancy: &Tenancy<'a>, relation: &Relation) -> Option<&'a Column> {
    let table = tenancy.tables.get(&relation.oid)?;
    let plain = relation.kind == RelationKind::Table && !relation.is_partition && table.listed;
    let keyed = matches!(table.reach, Reach::Key { .. });
    (plain && keyed).then(|| tenancy.key_column(relation.oid))?
}

/// The columns that foreign keys refer to, as (table, columns).
fn referenced(tenancy: &Tenancy<'_>) -> BTreeSet<(Oid, BTreeSet<i16>)> {
    let relations = tenancy.snapshot.relations.values();
    relations
        .flat_map(|relation| &relation.constraints)
        .filter(|constraint| constraint.kind == ConstraintKind::Foreign)
        .map(|constraint| {
            let columns = constraint.referenced_columns.iter().copied().collect();
            (constraint.references, columns)
        })
        .collect()
}

fn list(relation: &Relation, columns: &[i16]) -> String {
    let named = columns
        .iter()
        .filter_map(|number| relation.attribute(*number));
    let names: Vec<String> = named.map(|column| ident(&column.name)).collect();
    names.join(", ")
}

/// Columns as a part of a name.
fn joined(relation: &Relation, columns: &[i16]) -> String {
    let named = columns
        .iter()
        .filter_map(|number| relation.attribute(*number));
    let names: Vec<&str> = named.map(|column| column.name.as_str()).collect();
    names.join("_")
}

/// Whether these columns, in any order, are unique already.
fn is_unique(relation: &Relation, columns: &[i16]) -> bool {
    let wanted: BTreeSet<i16> = columns.iter().copied().collect();
    relation.indexes.iter().any(|index| {
        index.unique
            && index.usable
            && !index.partial
            && index.expressions.is_none()
            && index.columns.iter().copied().collect::<BTreeSet<_>>() == wanted
    })
}

/// A unique constraint that is built without keeping writers out.
fn build(relation: &Relation, columns: &[i16]) -> Vec<String> {
    let table = relation.qualified();
    let name = free_name(relation, |nth| {
        names::constraint((&relation.name, &joined(relation, columns)), "_key", nth)
    });
    let quoted = ident(&name);
    vec![
        format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {quoted} ON {table} ({})",
            list(relation, columns)
        ),
        format!("ALTER TABLE {table} ADD CONSTRAINT {quoted} UNIQUE USING INDEX {quoted}"),
    ]
}

/// A foreign key between tenant tables that leaves the tenant out.
fn reference(
    tenancy: &Tenancy<'_>,
    (child, key): (&Relation, &Column),
    constraint: &Constraint,
) -> Option<Proposal> {
    let parent = tenancy.snapshot.relations.get(&constraint.references)?;
    let parent_key = own_key(tenancy, parent)?;
    let pairs = |constraint: &Constraint| constraint.pairs().collect::<BTreeSet<_>>();
    let pinned = (key.number, parent_key.number);
    let covered = child.constraints.iter().any(|other| {
        other.kind == ConstraintKind::Foreign
            && other.references == parent.oid
            && pairs(other).contains(&pinned)
            && pairs(other).is_superset(&pairs(constraint))
    });
    if constraint.kind != ConstraintKind::Foreign || covered {
        return None;
    }
    // A key that the child's own row holds already is not named twice.
    if constraint.columns.contains(&key.number)
        || constraint.referenced_columns.contains(&parent_key.number)
    {
        return None;
    }
    let with = |key: &Column, columns: &[i16]| [&[key.number], columns].concat();
    let columns = with(key, &constraint.columns);
    let above = with(parent_key, &constraint.referenced_columns);
    let mut statements = Vec::new();
    if !is_unique(parent, &above) {
        statements = build(parent, &above);
    }
    let (table, old) = (child.qualified(), ident(&constraint.name));
    let name = free_name(child, |nth| {
        names::constraint((&child.name, &joined(child, &columns)), "_fkey", nth)
    });
    let name = ident(&name);
    let deferrable = if constraint.deferrable {
        " DEFERRABLE INITIALLY DEFERRED"
    } else {
        ""
    };
    statements.push(format!(
        "ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({})\n  REFERENCES {} ({}){}{deferrable} NOT VALID",
        list(child, &columns),
        parent.qualified(),
        list(parent, &above),
        on_delete(constraint.on_delete),
    ));
    statements.push(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"));
    Some(Proposal {
        id: format!("composite-reference:{table}:{old}"),
        object: table,
        why: format!(
            "{old} is checked across tenants, so that a row can hang on another tenant's row of {}; \
             {old} itself can go once the longer one is valid, unless it sets columns when a row goes",
            parent.qualified()
        ),
        statements,
    })
}

/// What goes with the longer key. SET NULL would take the tenant with it; the shorter key, which
/// stays, does it first.
fn on_delete(action: char) -> &'static str {
    match action {
        'c' => " ON DELETE CASCADE",
        'r' => " ON DELETE RESTRICT",
        _ => "",
    }
}

/// Uniqueness that spans tenants. Not told: what nobody can guess or chooses (a single uuid, a
/// counter), what foreign keys need, and what cannot be written anew from its columns alone.
fn unique(
    (relation, key): (&Relation, &Column),
    index: &Index,
    referenced: &BTreeSet<(Oid, BTreeSet<i16>)>,
) -> Option<Proposal> {
    let plain = index.unique && !index.primary && !index.partial && index.expressions.is_none();
    let columns: BTreeSet<i16> = index.columns.iter().copied().collect();
    if !plain
        || !index.usable
        || columns.contains(&key.number)
        || referenced.contains(&(relation.oid, columns))
    {
        return None;
    }
    if let [single] = index.columns[..] {
        let column = relation.attribute(single)?;
        if column.type_oid == UUID || column.identity.is_some() || counts(column) {
            return None;
        }
    }
    let wanted = [&[key.number], index.columns.as_slice()].concat();
    let mut statements = Vec::new();
    if !is_unique(relation, &wanted) {
        statements = build(relation, &wanted);
    }
    let (table, old) = (relation.qualified(), ident(&index.name));
    let constraint = relation.constraints.iter();
    let mut constraint = constraint.filter(|found| found.kind == ConstraintKind::Unique);
    let found = constraint.find(|found| found.name == index.name);
    if found.is_some_and(|found| found.deferrable) {
        return None;
    }
    statements.push(match found {
        Some(_) => format!("ALTER TABLE {table} DROP CONSTRAINT {old}"),
        None => format!(
            "DROP INDEX CONCURRENTLY {}",
            qualified(&relation.schema_name, &index.name)
        ),
    });
    Some(Proposal {
        id: format!("tenant-unique:{table}:{old}"),
        object: table,
        why: format!(
            "{old} is unique across tenants, so that a duplicate-key error tells what another tenant \
             has; decide whether two tenants may have the same ({}), and look for ON CONFLICT in \
             the application, which has to name the longer key then",
            list(relation, &index.columns)
        ),
        statements,
    })
}

const UUID: Oid = 2950;

/// An integer that is made here.
fn counts(column: &Column) -> bool {
    [20, 21, 23].contains(&column.type_oid) && column.has_default
}
