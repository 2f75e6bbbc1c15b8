//! An administrator's transaction in which tables have rows of both organizations.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::arena::Arena;
use super::super::canary::Nursery;
use super::super::markers::Markers;
use super::super::specimen::Specimen;
use super::Stage;
use crate::catalog::Oid;

/// A transaction of the administrator's that is rolled back; the number is that of the attempts made.
pub(super) async fn transaction<T>(
    stage: &Stage<'_, '_>,
    work: impl AsyncFnOnce(&mut Arena<'_>) -> Result<T>,
) -> Result<(T, usize)> {
    let session = stage.admin().await?;
    let manner = stage.arena("", false);
    Arena::rolled_back(session, manner, async |arena| work(arena).await).await
}

/// Rows of the victim's, and what they are recognised by.
#[derive(Clone, Debug, Default)]
pub(super) struct Victims {
    pub(super) rows: Vec<(Oid, Specimen)>,
    pub(super) markers: Markers,
}

/// What a staging is to provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Rows that are there are as good as new ones.
    Any,
    /// New ones, whatever is there.
    New,
}

/// Puts rows of the victim's into these tables; those for which none could be made are left out.
pub(super) async fn rows(
    stage: &Stage<'_, '_>,
    arena: &mut Arena<'_>,
    (tables, wanted): (&BTreeSet<Oid>, Rows),
) -> Result<Victims> {
    let mut nursery = Nursery::new(stage.world, stage.eye, &stage.cast.made_up);
    let snapshot = stage.world.tenancy.snapshot;
    let mut victims = Victims::default();
    for oid in tables {
        let made = match wanted {
            Rows::Any => nursery.provide(arena, (*oid, &stage.world.b)).await?,
            Rows::New => {
                let made = nursery.add(arena, (*oid, &stage.world.b)).await?;
                made.map(|row| (row, true))
            }
        };
        let Ok((row, new)) = made else {
            continue;
        };
        let relation = &snapshot.relations[oid];
        if new {
            victims.markers.add_canary(snapshot, relation, &row);
        } else {
            victims.markers.add(snapshot, relation, &row);
        }
        victims.rows.push((*oid, row));
    }
    nursery.clear_context(arena).await?;
    Ok(victims)
}
