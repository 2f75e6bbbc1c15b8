//! Rows around a row: what leads a policy, a reference or a trigger from one organization to another
//! is often in a table beside the one that is attacked.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::Case;
use super::super::value::mentions;
use super::family::foreign;
use super::{Nursery, Place, named};
use crate::catalog::{Oid, Relation, Snapshot};
use crate::session::quote;

/// No more tables than these are filled around one.
const MOST: usize = 8;

impl Nursery<'_, '_> {
    /// The victim's rows that the case's table refers to, and where its policies look at other
    /// tables, those that refer to it. What cannot be made is left out.
    pub(super) async fn kin(
        &mut self,
        case: &mut Case<'_, '_>,
        arena: &mut Arena<'_>,
    ) -> Result<()> {
        let tenancy = self.world.tenancy;
        let registry = tenancy.registry.oid;
        let beside = |oid: &Oid| {
            *oid != registry && *oid != case.table.oid && tenancy.tables.contains_key(oid)
        };
        let mut around: Vec<Oid> = foreign(case.relation)
            .map(|constraint| constraint.references)
            .filter(beside)
            .collect();
        if looks_outside(tenancy.snapshot, case.relation) {
            let children = tenancy
                .by_name()
                .into_iter()
                .map(|table| tenancy.relation(table));
            let below = children.filter(|child| {
                !child.is_partition
                    && foreign(child).any(|constraint| constraint.references == case.table.oid)
            });
            around.extend(below.map(|child| child.oid).filter(beside));
        }
        around.dedup();
        let organization = self.world.b.clone();
        for oid in around.into_iter().take(MOST) {
            let mut place = Place {
                arena: &mut *arena,
                organization: &organization,
                depth: 1,
            };
            if let Ok(row) = self.grow(&mut place, oid).await? {
                case.kin.insert(oid, row);
            }
        }
        Ok(())
    }

    /// A row of a table that is nobody's, which refers to this organization's rows.
    pub(in crate::probe) async fn refer(
        &mut self,
        arena: &mut Arena<'_>,
        (relation, organization): (&Relation, &str),
    ) -> Result<Result<super::Specimen, String>> {
        let mut place = Place {
            arena,
            organization,
            depth: 0,
        };
        self.make(&mut place, relation.oid).await
    }

    /// Has the triggers of a row run once more, as by a change of it.
    pub(in crate::probe) async fn touch(
        &mut self,
        arena: &mut Arena<'_>,
        (relation, row): (&Relation, &super::Specimen),
    ) -> Result<()> {
        let column = relation
            .columns
            .iter()
            .find(|column| !column.generated && column.identity.is_none());
        let (Some(condition), Some(column)) = (named(relation, row), column) else {
            return Ok(());
        };
        let name = quote::ident(&column.name);
        let sql = format!(
            "update {} set {name} = {name} where {condition}",
            relation.qualified()
        );
        if arena.prepare(&sql).await?.refused().is_none() {
            arena.prologue.push(sql);
        }
        Ok(())
    }
}

/// Tables whose triggers mention this one: what is written there is copied here.
pub(in crate::probe) fn writers(snapshot: &Snapshot, relation: &Relation) -> Vec<Oid> {
    let mut found: Vec<&Relation> = snapshot
        .relations
        .values()
        .filter(|other| {
            other.oid != relation.oid
                && other.triggers.iter().any(|trigger| {
                    let function = snapshot.functions.get(&trigger.function);
                    trigger.enabled != 'D'
                        && function.is_some_and(|function| mentions(&function.body, &relation.name))
                })
        })
        .collect();
    found.sort_by_key(|other| (&other.schema_name, &other.name));
    found
        .into_iter()
        .map(|other| other.oid)
        .take(MOST)
        .collect()
}

/// Whether a policy has a sub-select, or calls a function that may have one.
fn looks_outside(snapshot: &Snapshot, relation: &Relation) -> bool {
    let texts = relation
        .policies
        .iter()
        .flat_map(|policy| [&policy.using, &policy.check])
        .flatten();
    let calls = |text: &str| {
        snapshot.functions.values().any(|function| {
            let name = quote::qualified(&function.schema_name, &function.name);
            text.contains(&format!("{name}("))
        })
    };
    texts
        .into_iter()
        .any(|text| text.contains(" FROM ") || calls(text))
}

/// The foreign keys that make a row of this table somebody's.
pub(super) fn ties(nursery: &Nursery<'_, '_>, relation: &Relation, organization: &str) -> Vec<Oid> {
    let tables = &nursery.world.tenancy.tables;
    if organization.is_empty() || tables.contains_key(&relation.oid) {
        return Vec::new();
    }
    let to_tenants = foreign(relation).filter(|one| tables.contains_key(&one.references));
    to_tenants.map(|constraint| constraint.oid).collect()
}

/// Whether rows of a table can be somebody's by what they refer to.
pub(in crate::probe) fn is_tied(world: &super::World<'_>, relation: &Relation) -> bool {
    foreign(relation).any(|constraint| world.tenancy.tables.contains_key(&constraint.references))
}
