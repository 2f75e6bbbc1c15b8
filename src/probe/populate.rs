//! Rows of two organizations for a throwaway copy of a schema, committed: what is broken there on
//! purpose must have something to show.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::arena::{Arena, Manner};
use super::canary::Nursery;
use super::eye::Eye;
use super::organizations;
use super::rows::{Cell, Recipe, insert};
use super::trail::Trail;
use super::world::{World, Writes};
use crate::catalog::{Column, ConstraintKind, Oid, Relation};
use crate::session::{Connector, Purpose, quote};
use crate::tenancy::Tenancy;

/// What a copy was filled with.
#[derive(Clone, Debug)]
pub struct Populated {
    /// The two organizations, by their registry ids.
    pub organizations: (String, String),
    /// Tables without rows of both, each with the reason.
    pub lacking: Vec<(String, String)>,
}

/// Makes rows of two organizations in every tenant table, and one row in every table that they
/// need besides, and commits them. For a throwaway copy only.
///
/// # Errors
/// A connection is lost. What could not be made is in the answer.
pub async fn populate(admin: &Connector, tenancy: &Tenancy<'_>) -> Result<Populated> {
    let reading = admin.open(Purpose::Read).await?;
    let eye = Eye::new(&reading, &tenancy.settings.tenancy.context);
    let cast = organizations::cast(&eye, tenancy, None).await?;
    let how = (Writes::Allowed, BTreeMap::new(), false);
    let world = World::gather(&reading, tenancy, &cast, how).await?;
    let session = admin.open(Purpose::Attack).await?;
    let trail = Trail::default();
    let manner = Manner::of_admin(world.context(), &trail);
    let mut lacking = Vec::new();
    Arena::committed(&session, manner, async |arena| {
        let mut made = BTreeSet::new();
        for table in tenancy.by_name() {
            for up in parents(tenancy, tenancy.relation(table)) {
                Box::pin(common(arena, (tenancy, up), &mut made)).await?;
            }
        }
        Ok(())
    })
    .await?;
    Arena::committed(&session, manner, async |arena| {
        let mut nursery = Nursery::new(&world, &eye, &cast.made_up);
        for table in tenancy.by_name() {
            for organization in [&world.b, &world.a] {
                let made = nursery.provide(arena, (table.oid, organization)).await?;
                if let Err(why) = made {
                    lacking.push((tenancy.relation(table).qualified(), why));
                    break;
                }
            }
        }
        Ok(())
    })
    .await?;
    session.close().await;
    reading.close().await;
    Ok(Populated {
        organizations: (cast.a, cast.b),
        lacking,
    })
}

/// Tables that belong to nobody and that a row of this one must refer to.
fn parents<'t>(
    tenancy: &'t Tenancy<'_>,
    relation: &'t Relation,
) -> impl Iterator<Item = &'t Relation> {
    relation
        .constraints
        .iter()
        .filter(|constraint| constraint.kind == ConstraintKind::Foreign)
        .filter(|constraint| !tenancy.tables.contains_key(&constraint.references))
        .filter_map(|constraint| tenancy.snapshot.relations.get(&constraint.references))
        .filter(move |up| up.oid != relation.oid)
}

/// One row of such a table, after those that it needs itself; where it cannot be made, the tenant
/// table's own failure tells.
async fn common(
    arena: &mut Arena<'_>,
    (tenancy, relation): (&Tenancy<'_>, &Relation),
    made: &mut BTreeSet<Oid>,
) -> Result<()> {
    if !made.insert(relation.oid) {
        return Ok(());
    }
    for up in parents(tenancy, relation) {
        Box::pin(common(arena, (tenancy, up), made)).await?;
    }
    let (snapshot, mut pinned) = (tenancy.snapshot, Vec::new());
    for constraint in &relation.constraints {
        let Some(up) = snapshot.relations.get(&constraint.references) else {
            continue;
        };
        let pairs = constraint
            .columns
            .iter()
            .zip(&constraint.referenced_columns);
        for (here, there) in pairs {
            let (Some(here), Some(there)) = (relation.attribute(*here), up.attribute(*there))
            else {
                continue;
            };
            let value = match here.not_null {
                true => value_of(arena, up, there).await?,
                false => None,
            };
            pinned.push(Cell {
                column: here.name.clone(),
                value,
            });
        }
    }
    let recipe = Recipe {
        snapshot,
        relation,
        rights: None,
        template: None,
        pinned,
        rich: true,
        salt: 1,
    };
    let exists = format!("select 1 from {} limit 1", relation.qualified());
    if arena.prepare(&exists).await?.rows().is_empty() {
        arena.prepare(&insert(relation, &recipe.row())).await?;
    }
    Ok(())
}

async fn value_of(
    arena: &mut Arena<'_>,
    relation: &Relation,
    column: &Column,
) -> Result<Option<String>> {
    let sql = format!(
        "select {}::text from {} limit 1",
        quote::ident(&column.name),
        relation.qualified()
    );
    Ok(arena.prepare(&sql).await?.value().map(str::to_owned))
}
