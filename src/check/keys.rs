//! What the tenant key is missing from: facts that some checks presuppose.
//!
//! Each may name too much, never too little: the check decides.

use std::collections::BTreeSet;

use crate::catalog::{Constraint, ConstraintKind, Index, Oid, Relation};
use crate::tenancy::{Tenancy, TenantTable};

/// `uuid` in `pg_type`; the numbers of built-in types never change.
const UUID: Oid = 2950;

/// Whether a key of a table leads to the registry over no chain of foreign keys.
pub(super) fn unrooted(tenancy: &Tenancy<'_>) -> bool {
    let mut rooted = BTreeSet::from([tenancy.registry.oid]);
    loop {
        let before = rooted.len();
        for table in listed(tenancy) {
            let refers = foreign(tenancy.relation(table)).any(|(key, parent)| {
                rooted.contains(&parent) && tenancy.pins_tenant(table.oid, key)
            });
            if refers {
                rooted.insert(table.oid);
            }
        }
        if rooted.len() == before {
            break;
        }
    }
    listed(tenancy).any(|table| !rooted.contains(&table.oid) && table.reach.key().is_some())
}

/// Whether a foreign key between tenant tables leaves the tenant key out.
pub(super) fn left_out_of_a_reference(tenancy: &Tenancy<'_>) -> bool {
    listed(tenancy).any(|table| {
        foreign(tenancy.relation(table)).any(|(key, parent)| {
            parent != tenancy.registry.oid
                && tenancy.tables.contains_key(&parent)
                && !tenancy.pins_tenant(table.oid, key)
        })
    })
}

/// Whether something is unique without the tenant key, other than a random primary key.
pub(super) fn left_out_of_a_unique_index(tenancy: &Tenancy<'_>) -> bool {
    listed(tenancy)
        .filter(|table| table.oid != tenancy.registry.oid)
        .any(|table| {
            let relation = tenancy.relation(table);
            relation.indexes.iter().any(|index| {
                (index.unique || index.exclusion)
                    && !table
                        .reach
                        .key()
                        .is_some_and(|key| index.columns.contains(&key))
                    && !random_identity(relation, index)
            })
        })
}

fn random_identity(relation: &Relation, index: &Index) -> bool {
    let [only] = index.columns[..] else {
        return false;
    };
    let uuid = relation
        .attribute(only)
        .is_some_and(|column| column.type_oid == UUID);
    index.primary && uuid
}

fn listed<'t>(tenancy: &'t Tenancy<'_>) -> impl Iterator<Item = &'t TenantTable> {
    tenancy.tables.values().filter(|table| table.listed)
}

fn foreign(relation: &Relation) -> impl Iterator<Item = (&Constraint, Oid)> {
    relation
        .constraints
        .iter()
        .filter(|constraint| constraint.kind == ConstraintKind::Foreign)
        .map(|constraint| (constraint, constraint.references))
}
