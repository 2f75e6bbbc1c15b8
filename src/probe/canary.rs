//! Rows made up for tables that have none of A's or B's, in the transaction that is rolled back.

use std::collections::HashMap;

use anyhow::Result;

use super::arena::Arena;
use super::case::Case;
use super::eye::Eye;
use super::reply::Reply;
use super::rows::{Cell, Recipe, insert};
use super::specimen::{self, Specimen, select_list};
use super::world::World;
use crate::catalog::{Constraint, ConstraintKind, Oid, Relation};
use crate::finding::Operation;
use crate::session::quote;
use crate::tenancy::Reach;

/// Makes canaries; remembers those of this transaction.
pub(super) struct Nursery<'n, 'w> {
    world: &'n World<'w>,
    eye: &'n Eye<'n>,
    /// Organizations that exist for this transaction only.
    made_up: &'n [String],
    rows: HashMap<(Oid, String), Specimen>,
    /// Whether rows can only be made with the context at their organization.
    as_tenant: bool,
    salt: u32,
}

/// Parents of parents, and no further.
const DEPTH: usize = 12;

impl<'n, 'w> Nursery<'n, 'w> {
    pub(super) fn new(world: &'n World<'w>, eye: &'n Eye<'n>, made_up: &'n [String]) -> Self {
        Self {
            world,
            eye,
            made_up,
            rows: HashMap::new(),
            as_tenant: false,
            salt: 100,
        }
    }

    /// With other values than the rows of a transaction beside this one.
    pub(super) fn salted(mut self, salt: u32) -> Self {
        self.salt += salt;
        self
    }

    /// Gives the case the rows that it lacks; the error is why one could not be made.
    pub(super) async fn stage(
        &mut self,
        case: &mut Case<'_, '_>,
        arena: &mut Arena<'_>,
    ) -> Result<Result<(), String>> {
        for victim in [true, false] {
            let (organization, present) = if victim {
                (&self.world.b, case.b.is_some())
            } else {
                (&self.world.a, case.a.is_some())
            };
            if present {
                continue;
            }
            let organization = organization.clone();
            let made = Box::pin(self.grow(arena, (case.table.oid, &organization), 0)).await?;
            let specimen = match made {
                Ok(specimen) => specimen,
                Err(why) => return Ok(Err(why)),
            };
            let link = specimen
                .cell(case.relation, &case.link().name)
                .map(str::to_owned);
            if victim {
                case.b = Some(specimen);
                case.b_link = link.or(case.b_link.take());
            } else {
                case.a = Some(specimen);
                case.a_link = link.or(case.a_link.take());
            }
        }
        Ok(Ok(()))
    }

    /// A row of this organization in this table, with those that it needs; whether it is new.
    pub(super) async fn provide(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
    ) -> Result<Result<(Specimen, bool), String>> {
        let made = self.grow(arena, (oid, organization), 0).await?;
        let new = self.rows.contains_key(&(oid, organization.to_owned()));
        Ok(made.map(|row| (row, new)))
    }

    /// One more row of this organization, whatever there is.
    pub(super) async fn add(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
    ) -> Result<Result<Specimen, String>> {
        self.rows.remove(&(oid, organization.to_owned()));
        self.make(arena, (oid, organization), 0).await
    }

    /// A row of this organization in this table: one that is there, or a new one.
    async fn grow(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
        depth: usize,
    ) -> Result<Result<Specimen, String>> {
        let relation = &self.world.tenancy.snapshot.relations[&oid];
        if let Some(row) = self.rows.get(&(oid, organization.to_owned())) {
            return Ok(Ok(row.clone()));
        }
        if let Some(row) = specimen::fetch(self.eye, self.world, oid, organization).await? {
            return Ok(Ok(row));
        }
        if depth > DEPTH {
            return Ok(Err(format!("{} refers to itself", relation.qualified())));
        }
        self.make(arena, (oid, organization), depth).await
    }

    async fn make(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
        depth: usize,
    ) -> Result<Result<Specimen, String>> {
        let relation = &self.world.tenancy.snapshot.relations[&oid];
        if let Err(why) = self.organization(arena, (oid, organization), depth).await? {
            return Ok(Err(why));
        }
        let mut pinned = match self.link(arena, (oid, organization), depth).await? {
            Ok(cell) => vec![cell],
            Err(why) => return Ok(Err(why)),
        };
        for constraint in references(relation) {
            let cells = self
                .reference(arena, (constraint, relation, organization), depth)
                .await?;
            match cells {
                Ok(cells) => {
                    let known = |cell: &Cell| pinned.iter().any(|old| old.column == cell.column);
                    let new: Vec<Cell> = cells.into_iter().filter(|cell| !known(cell)).collect();
                    pinned.extend(new);
                }
                Err(why) => return Ok(Err(why)),
            }
        }
        self.plant(arena, (relation, organization), pinned).await
    }

    /// Makes sure that a made-up organization is in the registry before anything refers to it.
    async fn organization(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
        depth: usize,
    ) -> Result<Result<(), String>> {
        let registry = self.world.tenancy.registry.oid;
        let known = !self.made_up.iter().any(|id| id == organization);
        if oid == registry || known || depth > DEPTH {
            return Ok(Ok(()));
        }
        let made = Box::pin(self.grow(arena, (registry, organization), DEPTH)).await?;
        Ok(made.map(|_| ()))
    }

    /// The cell that makes the row this organization's.
    async fn link(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
        depth: usize,
    ) -> Result<Result<Cell, String>> {
        let snapshot = self.world.tenancy.snapshot;
        let name = |of: Oid, number: i16| {
            let column = snapshot.relations[&of].attribute(number);
            column.map_or_else(String::new, |column| column.name.clone())
        };
        match self.world.tenancy.tables[&oid].reach {
            Reach::Registry { column } | Reach::Key { column } => Ok(Ok(Cell {
                column: name(oid, column),
                value: Some(organization.to_owned()),
            })),
            Reach::Via {
                column,
                parent,
                parent_column,
            } => {
                let up = Box::pin(self.grow(arena, (parent, organization), depth + 1)).await?;
                Ok(up.map(|row| Cell {
                    column: name(oid, column),
                    value: row
                        .cell(&snapshot.relations[&parent], &name(parent, parent_column))
                        .map(str::to_owned),
                }))
            }
        }
    }

    /// The cells of a reference: to a row of the same organization, to any row of a table that is
    /// not the tenants', or null where that may be.
    async fn reference(
        &mut self,
        arena: &mut Arena<'_>,
        (constraint, relation, organization): (&Constraint, &Relation, &str),
        depth: usize,
    ) -> Result<Result<Vec<Cell>, String>> {
        let snapshot = self.world.tenancy.snapshot;
        let columns: Vec<_> = constraint
            .columns
            .iter()
            .filter_map(|number| relation.attribute(*number))
            .collect();
        let needed = columns.iter().all(|column| column.not_null);
        let Some(up) = snapshot
            .relations
            .get(&constraint.references)
            .filter(|_| needed)
        else {
            let empty = columns.iter().filter(|column| !column.not_null);
            return Ok(Ok(empty
                .map(|column| Cell {
                    column: column.name.clone(),
                    value: None,
                })
                .collect()));
        };
        let row = if self.world.tenancy.tables.contains_key(&up.oid) {
            Box::pin(self.grow(arena, (up.oid, organization), depth + 1)).await?
        } else {
            any_row(self.eye, up)
                .await?
                .ok_or_else(|| format!("{} is empty", up.qualified()))
        };
        Ok(row.map(|row| {
            let pairs = columns.iter().zip(&constraint.referenced_columns);
            pairs
                .filter_map(|(column, number)| {
                    let there = up.attribute(*number)?;
                    Some(Cell {
                        column: column.name.clone(),
                        value: row.cell(up, &there.name).map(str::to_owned),
                    })
                })
                .collect()
        }))
    }

    /// Inserts the row as the administrator.
    async fn plant(
        &mut self,
        arena: &mut Arena<'_>,
        (relation, organization): (&Relation, &str),
        pinned: Vec<Cell>,
    ) -> Result<Result<Specimen, String>> {
        if let Err(why) = self.world.may(Operation::Insert, relation.oid) {
            return Ok(Err(why.to_owned()));
        }
        let template = any_row(self.eye, relation).await?;
        self.salt += 1;
        let mut recipe = Recipe {
            snapshot: self.world.tenancy.snapshot,
            relation,
            rights: None,
            template: template.as_ref(),
            pinned,
            rich: true,
            salt: self.salt,
        };
        let mut planted = self.try_to(arena, &recipe, organization).await?;
        if planted.is_err() {
            recipe.rich = false;
            planted = self.try_to(arena, &recipe, organization).await?;
        }
        if let Ok(specimen) = &planted {
            self.rows
                .insert((relation.oid, organization.to_owned()), specimen.clone());
        }
        Ok(planted)
    }

    async fn try_to(
        &mut self,
        arena: &mut Arena<'_>,
        recipe: &Recipe<'_>,
        organization: &str,
    ) -> Result<Result<Specimen, String>> {
        let relation = recipe.relation;
        let sql = insert(relation, &recipe.row());
        let returning = format!(
            "{sql} returning {}",
            select_list(relation, &quote::ident(&relation.name))
        );
        let mut reply = if self.as_tenant {
            self.under(arena, (organization, &returning)).await?
        } else {
            arena.prepare(&returning).await?
        };
        if reply.refused().is_some() && !self.as_tenant {
            // Policies that apply to the administrator, a trigger that asks for the context.
            self.as_tenant = true;
            reply = self.under(arena, (organization, &returning)).await?;
        }
        if let Some(refused) = reply.refused() {
            return Ok(Err(format!(
                "a row for {} could not be made: {}",
                relation.qualified(),
                refused.text
            )));
        }
        let Some(row) = reply.rows().first() else {
            return Ok(Err(format!(
                "a row for {} was accepted and not written",
                relation.qualified()
            )));
        };
        let specimen = specimen::from_row(row.clone());
        let key = self.world.tenancy.key_column(relation.oid);
        let whose = key.and_then(|key| specimen.cell(relation, &key.name));
        if key.is_some() && whose != Some(organization) {
            // Attacking with it would be a false alarm.
            return Ok(Err(format!(
                "a row for {} could not be made: a trigger gives it to another organization",
                relation.qualified()
            )));
        }
        arena.prologue.push(sql);
        Ok(Ok(specimen))
    }

    /// Leaves no context behind; whether one had been set.
    pub(super) async fn clear_context(&self, arena: &mut Arena<'_>) -> Result<bool> {
        if self.as_tenant {
            let set = format!(
                "set local {} = ''",
                super::arena::setting(self.world.context())
            );
            arena.prepare(&set).await?;
            arena.prologue.push(set);
        }
        Ok(self.as_tenant)
    }

    /// Inserts with the context at the organization, which then stays there.
    async fn under(
        &self,
        arena: &mut Arena<'_>,
        (organization, insert): (&str, &str),
    ) -> Result<Reply> {
        let set = format!(
            "set local {} = {}",
            super::arena::setting(self.world.context()),
            quote::literal(organization)
        );
        arena.prepare(&set).await?;
        arena.prologue.push(set);
        arena.prepare(insert).await
    }
}

fn references(relation: &Relation) -> impl Iterator<Item = &Constraint> {
    relation
        .constraints
        .iter()
        .filter(|constraint| constraint.kind == ConstraintKind::Foreign)
}

async fn any_row(eye: &Eye<'_>, relation: &Relation) -> Result<Option<Specimen>> {
    let sql = format!(
        "select {} from {} x limit 1",
        select_list(relation, "x"),
        relation.qualified()
    );
    Ok(eye
        .ask(&sql)
        .await?
        .rows()
        .first()
        .cloned()
        .map(specimen::from_row))
}
