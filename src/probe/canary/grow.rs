//! One row with everything that it needs: the organization, its parents, and a second try with
//! others.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::rows::Cell;
use super::super::specimen::{self, Specimen};
use super::plant::Failed;
use super::{Nursery, Place, any_row, family, kin};
use crate::catalog::{Oid, Relation};
use crate::finding::Operation;

/// Parents of parents, and no further.
const DEPTH: usize = 24;
/// How often a row is begun anew with other parents.
const ROUNDS: usize = 6;

impl Nursery<'_, '_> {
    /// A row of this organization in this table: one that is there, or a new one.
    pub(super) async fn grow(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        oid: Oid,
    ) -> Result<Result<Specimen, String>> {
        let relation = &self.world.tenancy.snapshot.relations[&oid];
        if let Some(row) = self.at_hand(oid, place.organization) {
            return Ok(Ok(row));
        }
        let row = if self.world.tenancy.tables.contains_key(&oid) {
            specimen::fetch(self.eye, self.world, oid, place.organization).await?
        } else {
            any_row(self.eye, relation).await?
        };
        if let Some(row) = row {
            self.found
                .insert((oid, place.organization.to_owned()), row.clone());
            return Ok(Ok(row));
        }
        if place.depth > DEPTH {
            return Ok(Err(format!(
                "{} refers to too many others",
                relation.qualified()
            )));
        }
        self.make(place, oid).await
    }

    /// A row that was made or found before.
    pub(super) fn at_hand(&self, oid: Oid, organization: &str) -> Option<Specimen> {
        let key = (oid, organization.to_owned());
        self.rows
            .get(&key)
            .or_else(|| self.found.get(&key))
            .cloned()
    }

    pub(super) async fn make(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        oid: Oid,
    ) -> Result<Result<Specimen, String>> {
        let key = (oid, place.organization.to_owned());
        if !self.open.insert(key.clone()) {
            let relation = &self.world.tenancy.snapshot.relations[&oid];
            return Ok(Err(format!(
                "{} refers to itself in a circle",
                relation.qualified()
            )));
        }
        let made = self.make_open(place, oid).await;
        self.open.remove(&key);
        self.planned.remove(&key);
        made
    }

    async fn make_open(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        oid: Oid,
    ) -> Result<Result<Specimen, String>> {
        let relation = &self.world.tenancy.snapshot.relations[&oid];
        if let Err(why) = self.world.may(Operation::Insert, oid) {
            return Ok(Err(why.to_owned()));
        }
        if let Err(why) = self.organization(place, oid).await? {
            return Ok(Err(why));
        }
        let mut forced = kin::ties(self, relation, place.organization);
        let mut why = String::new();
        for _ in 0..ROUNDS {
            let mut pinned: Vec<Cell> = match self.link(place, relation).await? {
                Ok(cell) => cell.into_iter().collect(),
                Err(why) => return Ok(Err(why)),
            };
            let family = self
                .references(place, relation, (&mut pinned, &forced))
                .await?;
            let patches = match family {
                Ok(patches) => patches,
                Err(why) => return Ok(Err(why)),
            };
            let planned = self.planned.get(&(oid, place.organization.to_owned()));
            for cell in planned.into_iter().flatten() {
                pinned.retain(|old| old.column != cell.column);
                pinned.push(cell.clone());
            }
            self.defer(place, relation).await?;
            match self.plant(place, relation, pinned).await? {
                Ok(row) => {
                    self.rows
                        .insert((oid, place.organization.to_owned()), row.clone());
                    self.patches.extend(patches);
                    self.patch(place, (relation, &row)).await?;
                    return Ok(Ok(row));
                }
                Err(Failed::Because(text)) => return Ok(Err(text)),
                Err(Failed::Reference(constraint)) if !forced.contains(&constraint) => {
                    forced.push(constraint);
                }
                Err(Failed::Reference(_) | Failed::Taken) => {
                    why = format!(
                        "a row for {} could not be made: its keys are taken",
                        relation.qualified()
                    );
                    if !self.renew(place, relation).await? {
                        break;
                    }
                }
            }
        }
        Ok(Err(why))
    }

    /// New parents in the place of those whose only child is there already; whether there are any.
    async fn renew(&mut self, place: &mut Place<'_, '_, '_>, relation: &Relation) -> Result<bool> {
        let unique: BTreeSet<i16> = relation
            .indexes
            .iter()
            .filter(|index| index.unique)
            .flat_map(|index| index.columns.iter().copied())
            .collect();
        let mut renewed = false;
        for constraint in family::foreign(relation) {
            let registry = constraint.references == self.world.tenancy.registry.oid;
            let inside = constraint
                .columns
                .iter()
                .any(|number| unique.contains(number));
            if registry || !inside || constraint.references == relation.oid {
                continue;
            }
            let tenant = self
                .world
                .tenancy
                .tables
                .contains_key(&constraint.references);
            let organization = if tenant { place.organization } else { "" };
            let mut above = Place {
                arena: &mut *place.arena,
                organization,
                depth: place.depth + 1,
            };
            self.rows
                .remove(&(constraint.references, organization.to_owned()));
            renewed |= Box::pin(self.make(&mut above, constraint.references))
                .await?
                .is_ok();
        }
        Ok(renewed)
    }

    /// Makes sure that a made-up organization is in the registry before anything refers to it.
    async fn organization(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        oid: Oid,
    ) -> Result<Result<(), String>> {
        let registry = self.world.tenancy.registry.oid;
        let known = !self.made_up.iter().any(|id| id == place.organization);
        let open = self
            .open
            .contains(&(registry, place.organization.to_owned()));
        if oid == registry || known || open {
            return Ok(Ok(()));
        }
        let mut above = Place {
            arena: &mut *place.arena,
            organization: place.organization,
            depth: place.depth + 1,
        };
        let made = Box::pin(self.grow(&mut above, registry)).await?;
        Ok(made.map(|_| ()))
    }

    /// Defers the foreign keys that the next row of this table needs so.
    async fn defer(&mut self, place: &mut Place<'_, '_, '_>, relation: &Relation) -> Result<()> {
        let shape = self.world.lore.shape(self.eye, relation).await?;
        for oid in std::mem::take(&mut self.to_defer) {
            let Some((name, initially)) = shape.deferrable.get(&oid) else {
                continue;
            };
            if !*initially && !self.deferred.contains(name) {
                let sql = format!("set constraints {name} deferred");
                place.arena.prepare(&sql).await?;
                self.note(place, sql);
                self.deferred.push(name.clone());
            }
        }
        Ok(())
    }
}
