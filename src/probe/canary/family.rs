//! The rows that a new row refers to: parents first, of the same organization, and circles.

use anyhow::Result;

use super::super::rows::Cell;
use super::super::specimen::Specimen;
use super::super::value::mentions;
use super::{Nursery, Place};
use crate::catalog::{Column, Constraint, ConstraintKind, Oid, Relation};
use crate::session::quote;
use crate::tenancy::Reach;

/// A reference of a row that could not be filled before the row that it refers to was made.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) child: Oid,
    pub(super) organization: String,
    pub(super) constraint: Oid,
}

/// What a reference comes to.
pub(super) enum Filled {
    Cells(Vec<Cell>),
    /// The row that it refers to is being made, and may be null until then.
    Later(Patch),
}

impl Nursery<'_, '_> {
    /// The cells of all references, the widest first: what it says binds the others.
    pub(super) async fn references(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        relation: &Relation,
        (pinned, forced): (&mut Vec<Cell>, &[Oid]),
    ) -> Result<Result<Vec<Patch>, String>> {
        let mut patches = Vec::new();
        let mut constraints: Vec<&Constraint> = foreign(relation).collect();
        constraints.sort_by_key(|constraint| std::cmp::Reverse(constraint.columns.len()));
        for constraint in constraints {
            let columns = columns(relation, constraint);
            let known = |column: &&Column| pinned.iter().any(|cell| cell.column == column.name);
            let registry = constraint.references == self.world.tenancy.registry.oid;
            if registry && columns.iter().all(known) {
                continue;
            }
            let force = forced.contains(&constraint.oid);
            match self.reference(place, (constraint, relation), force).await? {
                Ok(Filled::Cells(cells)) => {
                    if cells.is_empty() {
                        nulls(&columns, pinned);
                    }
                    add(cells, pinned);
                }
                Ok(Filled::Later(patch)) => {
                    nulls(&columns, pinned);
                    patches.push(patch);
                }
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(patches))
    }

    /// One reference: to a row of the same organization, to any row of a table that is not the
    /// tenants', or null where that may be and nothing looks at it.
    async fn reference(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        (constraint, relation): (&Constraint, &Relation),
        force: bool,
    ) -> Result<Result<Filled, String>> {
        let snapshot = self.world.tenancy.snapshot;
        let columns = columns(relation, constraint);
        let needed = force
            || columns
                .iter()
                .all(|column| column.not_null && !column.has_default);
        let Some(up) = snapshot.relations.get(&constraint.references) else {
            return Ok(Ok(Filled::Cells(Vec::new())));
        };
        let tenant = self.world.tenancy.tables.contains_key(&up.oid);
        let organization = if tenant { place.organization } else { "" };
        let open = (up.oid, organization.to_owned());
        if self.open.contains(&open) {
            return Ok(self.circle(place, (constraint, relation, up), needed));
        }
        let wanted = needed || self.looks_at(relation, &columns).await?;
        if !wanted {
            let there = self.at_hand(up.oid, organization);
            let cells = there.map(|row| pairs(&columns, constraint, (up, &row)));
            return Ok(Ok(Filled::Cells(cells.unwrap_or_default())));
        }
        let mut below = Place {
            arena: &mut *place.arena,
            organization,
            depth: place.depth + 1,
        };
        let row = Box::pin(self.grow(&mut below, up.oid)).await?;
        Ok(match row {
            Ok(row) => Ok(Filled::Cells(pairs(&columns, constraint, (up, &row)))),
            Err(_) if !needed => Ok(Filled::Cells(Vec::new())),
            Err(why) => Err(why),
        })
    }

    /// A reference to a row that is being made further up, or to the row itself.
    fn circle(
        &mut self,
        place: &Place<'_, '_, '_>,
        (constraint, relation, up): (&Constraint, &Relation, &Relation),
        needed: bool,
    ) -> Result<Filled, String> {
        let own = up.oid == relation.oid;
        let deferrable = constraint.deferrable;
        if !needed && !deferrable {
            if own {
                return Ok(Filled::Cells(Vec::new()));
            }
            return Ok(Filled::Later(Patch {
                child: relation.oid,
                organization: place.organization.to_owned(),
                constraint: constraint.oid,
            }));
        }
        if !needed {
            return Ok(Filled::Cells(Vec::new()));
        }
        if !own && !deferrable {
            return Err(format!(
                "{} and {} refer to each other, and neither reference may be null or deferred",
                relation.qualified(),
                up.qualified()
            ));
        }
        let values = self.plan(place.organization, up, constraint)?;
        let columns = columns(relation, constraint);
        if !own {
            self.to_defer.push(constraint.oid);
        }
        Ok(Filled::Cells(
            columns
                .iter()
                .zip(values)
                .map(|(column, value)| Cell {
                    column: column.name.clone(),
                    value: Some(value),
                })
                .collect(),
        ))
    }

    /// What the row that is being made will have in the columns that are referred to.
    fn plan(
        &mut self,
        organization: &str,
        up: &Relation,
        constraint: &Constraint,
    ) -> Result<Vec<String>, String> {
        let snapshot = self.world.tenancy.snapshot;
        let key = self
            .world
            .tenancy
            .key_column(up.oid)
            .map(|column| column.number);
        let mut values = Vec::new();
        let salt = self.salt + 1;
        let planned = self
            .planned
            .entry((up.oid, organization.to_owned()))
            .or_default();
        for number in &constraint.referenced_columns {
            let Some(column) = up.attribute(*number) else {
                continue;
            };
            if key == Some(*number) {
                values.push(organization.to_owned());
                continue;
            }
            if let Some(cell) = planned.iter().find(|cell| cell.column == column.name) {
                values.extend(cell.value.clone());
                continue;
            }
            let Some(made) = super::super::rows::fresh_value(snapshot, column, salt) else {
                return Err(format!(
                    "{} refers to itself in a circle, and no value for {} can be told in advance",
                    up.qualified(),
                    quote::ident(&column.name)
                ));
            };
            planned.push(Cell {
                column: column.name.clone(),
                value: Some(made.clone()),
            });
            values.push(made);
        }
        Ok(values)
    }

    /// Fills the references that had to wait for this row.
    pub(super) async fn patch(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        (up, row): (&Relation, &Specimen),
    ) -> Result<()> {
        let snapshot = self.world.tenancy.snapshot;
        let (ready, rest): (Vec<Patch>, Vec<Patch>) = std::mem::take(&mut self.patches)
            .into_iter()
            .partition(|patch| {
                let child = &snapshot.relations[&patch.child];
                let mut all = child.constraints.iter();
                let found = all.find(|constraint| constraint.oid == patch.constraint);
                patch.organization == place.organization
                    && found.is_some_and(|constraint| constraint.references == up.oid)
            });
        self.patches = rest;
        for patch in ready {
            let child = &snapshot.relations[&patch.child];
            let Some(constraint) = child.constraints.iter().find(|c| c.oid == patch.constraint)
            else {
                continue;
            };
            let Some(row_of_child) = self.at_hand(child.oid, &patch.organization) else {
                continue;
            };
            let Some(condition) = super::named(child, &row_of_child) else {
                continue;
            };
            let cells = pairs(&columns(child, constraint), constraint, (up, row));
            let set: Vec<String> = cells
                .iter()
                .map(|cell| {
                    let value = super::super::rows::value(cell.value.as_deref());
                    format!("{} = {value}", quote::ident(&cell.column))
                })
                .collect();
            let sql = format!(
                "update {} set {} where {condition}",
                child.qualified(),
                set.join(", ")
            );
            // Null is a row, too: what is refused here stays as it is.
            if place.arena.prepare(&sql).await?.affected() > 0 {
                self.note(place, sql);
            }
        }
        Ok(())
    }

    /// Whether a policy, a CHECK or a bound of the table uses one of the columns.
    async fn looks_at(&self, relation: &Relation, columns: &[&Column]) -> Result<bool> {
        let shape = self.world.lore.shape(self.eye, relation).await?;
        let policies = relation
            .policies
            .iter()
            .flat_map(|policy| [&policy.using, &policy.check])
            .flatten();
        let checks = shape.checks.iter().map(|(_, body)| body);
        let mut texts = policies.chain(checks).chain(&shape.bound);
        Ok(texts.any(|text| columns.iter().any(|column| mentions(text, &column.name))))
    }

    /// The cell that makes the row this organization's; none where the key is generated.
    pub(super) async fn link(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        relation: &Relation,
    ) -> Result<Result<Option<Cell>, String>> {
        let snapshot = self.world.tenancy.snapshot;
        let Some(table) = self.world.tenancy.tables.get(&relation.oid) else {
            return Ok(Ok(None));
        };
        match table.reach {
            Reach::Registry { column } | Reach::Key { column } => {
                let column = relation
                    .attribute(column)
                    .filter(|column| !column.generated);
                Ok(Ok(column.map(|column| Cell {
                    column: column.name.clone(),
                    value: Some(place.organization.to_owned()),
                })))
            }
            Reach::Via {
                column,
                parent,
                parent_column,
            } => {
                let mut above = Place {
                    arena: &mut *place.arena,
                    organization: place.organization,
                    depth: place.depth + 1,
                };
                let row = Box::pin(self.grow(&mut above, parent)).await?;
                let up = &snapshot.relations[&parent];
                Ok(row.map(|row| {
                    let own = relation.attribute(column)?;
                    let there = up.attribute(parent_column)?;
                    Some(Cell {
                        column: own.name.clone(),
                        value: row.cell(up, &there.name).map(str::to_owned),
                    })
                }))
            }
        }
    }
}

pub(super) fn foreign(relation: &Relation) -> impl Iterator<Item = &Constraint> {
    let all = relation.constraints.iter();
    all.filter(|constraint| constraint.kind == ConstraintKind::Foreign)
}

fn columns<'r>(relation: &'r Relation, constraint: &Constraint) -> Vec<&'r Column> {
    let numbers = constraint.columns.iter();
    numbers
        .filter_map(|number| relation.attribute(*number))
        .collect()
}

/// The referring columns with what the row has in the columns that they refer to.
fn pairs(
    columns: &[&Column],
    constraint: &Constraint,
    (up, row): (&Relation, &Specimen),
) -> Vec<Cell> {
    let both = columns.iter().zip(&constraint.referenced_columns);
    both.filter_map(|(column, number)| {
        let there = up.attribute(*number)?;
        Some(Cell {
            column: column.name.clone(),
            value: row.cell(up, &there.name).map(str::to_owned),
        })
    })
    .collect()
}

/// What is pinned already stays.
fn add(cells: Vec<Cell>, pinned: &mut Vec<Cell>) {
    for cell in cells {
        if !pinned.iter().any(|old| old.column == cell.column) {
            pinned.push(cell);
        }
    }
}

fn nulls(columns: &[&Column], pinned: &mut Vec<Cell>) {
    let open = columns
        .iter()
        .filter(|column| !column.not_null && !column.has_default);
    let cells = open.map(|column| Cell {
        column: column.name.clone(),
        value: None,
    });
    add(cells.collect(), pinned);
}
