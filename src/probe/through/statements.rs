//! The statements that are sent through a view, made from the rows of the table below it.

use super::super::arena::As;
use super::super::rights::Rights;
use super::super::rows::{Cell, Recipe, fresh_value, insert, made_up, value};
use super::super::specimen::{Specimen, key_columns};
use super::super::world::World;
use crate::catalog::{Column, Relation, Snapshot};
use crate::finding::Operation;
use crate::session::quote;
use crate::tenancy::Reach;

/// What the statements aim at.
pub(super) struct Aim<'v, 'w> {
    pub(super) world: &'v World<'w>,
    /// The view.
    pub(super) relation: &'v Relation,
    pub(super) rights: &'v Rights,
    /// The table below it.
    pub(super) base: &'v Relation,
    /// Which column of the view is which of the table below.
    pub(super) map: Vec<(&'v Column, &'v Column)>,
    pub(super) a: Side,
    pub(super) b: Side,
    /// Whether all tables below are small, so that statements without a condition may be tried.
    pub(super) whole: bool,
}

/// What there is of one organization.
pub(super) struct Side {
    /// Its row in the table below.
    pub(super) row: Specimen,
    /// What it reads through the view: the view's columns by name.
    pub(super) seen: Vec<Cell>,
}

/// Pairs the columns of a view with those of a table: by name, the others by type in their order. A
/// wrong pair makes a statement that does nothing, and then nothing is claimed.
pub(super) fn pairs<'v>(view: &'v Relation, base: &'v Relation) -> Vec<(&'v Column, &'v Column)> {
    let mut map: Vec<(&Column, &Column)> = Vec::new();
    for column in &view.columns {
        if let Some(same) = base.column(&column.name) {
            map.push((column, same));
        }
    }
    for column in &view.columns {
        let free = |there: &&Column| {
            there.type_oid == column.type_oid
                && view.column(&there.name).is_none()
                && !map.iter().any(|(_, taken)| taken.number == there.number)
        };
        if base.column(&column.name).is_none()
            && let Some(there) = base.columns.iter().find(free)
        {
            map.push((column, there));
        }
    }
    map
}

/// One statement, and what it means if it comes through.
pub(super) struct Attack {
    pub(super) sql: String,
    pub(super) means: &'static str,
    pub(super) kind: Kind,
}

/// What a statement aims at, by which a refusal is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing that is there: a violated constraint may come before the view's own check.
    New,
    /// A key that is taken, so that a violated constraint is to be expected.
    Collides,
    /// A row of B's: that a constraint of it is violated tells that it was reached.
    NamesB,
    /// A row of A's.
    NamesA,
    /// No row: then it must touch nothing of anybody's without a context either.
    Blind,
}

impl Attack {
    /// As whom it is tried.
    pub(super) fn contexts<'c>(&self, world: &'c World<'_>) -> Vec<As<'c>> {
        let a = As::Context(&world.a);
        match self.kind {
            Kind::Blind => vec![a, As::Context(world.unknown()), As::Context("")],
            _ => vec![a],
        }
    }
}

/// A statement that an organization may well make: silence counts where it works.
pub(super) struct Control {
    pub(super) sql: String,
    pub(super) as_b: bool,
}

impl Aim<'_, '_> {
    pub(super) fn attacks(&self, operation: Operation) -> Vec<Attack> {
        match operation {
            Operation::Insert => self.insertions(),
            Operation::Update => self.updates(),
            Operation::Delete => self.deletions(),
            Operation::Select => Vec::new(),
        }
    }

    fn insertions(&self) -> Vec<Attack> {
        let attack = |sql: Option<String>, kind, means| sql.map(|sql| Attack { sql, means, kind });
        let found = [
            attack(
                self.new_row(&self.b, 11).map(|row| self.insertion(&row)),
                Kind::New,
                "one organization may insert rows that belong to another",
            ),
            attack(
                self.with_key_of_b(false).map(|row| self.insertion(&row)),
                Kind::Collides,
                "an insert with another organization's key changes its row",
            ),
            attack(
                self.upsert(self.change()),
                Kind::Collides,
                "an upsert with another organization's key changes its row",
            ),
            attack(
                self.upsert(self.taken()),
                Kind::Collides,
                "an upsert with another organization's key takes its row over",
            ),
        ];
        found.into_iter().flatten().collect()
    }

    fn updates(&self) -> Vec<Attack> {
        let attack = |sql: Option<String>, kind, means| sql.map(|sql| Attack { sql, means, kind });
        let update = |set: Option<String>, row: Option<String>| {
            let name = self.relation.qualified();
            Some(format!("update {name} set {} where {}", set?, row?))
        };
        let found = [
            attack(
                update(self.change(), self.condition(&self.b.row)),
                Kind::NamesB,
                "one organization may change rows of another one",
            ),
            attack(
                update(self.rekey(), self.condition(&self.a.row)),
                Kind::NamesA,
                "one organization may hand its rows to another",
            ),
            attack(
                self.blind_update(),
                Kind::Blind,
                "one organization may change rows of another one by a statement without a condition",
            ),
        ];
        found.into_iter().flatten().collect()
    }

    fn deletions(&self) -> Vec<Attack> {
        let attack = |sql: Option<String>, kind, means| sql.map(|sql| Attack { sql, means, kind });
        let name = self.relation.qualified();
        let found = [
            attack(
                self.condition(&self.b.row)
                    .map(|row| format!("delete from {name} where {row}")),
                Kind::NamesB,
                "one organization may delete rows of another one",
            ),
            attack(
                self.whole.then(|| format!("delete from {name}")),
                Kind::Blind,
                "one organization may delete rows of another one by a statement without a condition",
            ),
        ];
        found.into_iter().flatten().collect()
    }

    fn blind_update(&self) -> Option<String> {
        let name = self.relation.qualified();
        let set = self.change().filter(|_| self.whole)?;
        Some(format!("update {name} set {set}"))
    }

    pub(super) fn controls(&self, operation: Operation) -> Vec<Control> {
        let name = self.relation.qualified();
        let control = |sql: Option<String>, as_b| sql.map(|sql| Control { sql, as_b });
        let theirs = self.condition(&self.b.row);
        let found = match operation {
            Operation::Insert => vec![
                control(
                    self.new_row(&self.a, 12).map(|row| self.insertion(&row)),
                    false,
                ),
                control(
                    self.new_row(&self.b, 13).map(|row| self.insertion(&row)),
                    true,
                ),
            ],
            Operation::Update => vec![
                control(
                    self.change()
                        .zip(theirs)
                        .map(|(set, row)| format!("update {name} set {set} where {row}")),
                    true,
                ),
                control(self.blind_update(), true),
            ],
            Operation::Delete => vec![
                control(
                    theirs.map(|row| format!("delete from {name} where {row}")),
                    true,
                ),
                control(self.whole.then(|| format!("delete from {name}")), true),
            ],
            Operation::Select => Vec::new(),
        };
        found.into_iter().flatten().collect()
    }

    fn insertion(&self, row: &[Cell]) -> String {
        insert(self.relation, row)
    }

    /// A new row of that organization's, in the view's columns.
    fn new_row(&self, of: &Side, salt: u32) -> Option<Vec<Cell>> {
        let link = self.link()?;
        let pinned = vec![Cell {
            column: link.name.clone(),
            value: of.row.cell(self.base, &link.name).map(str::to_owned),
        }];
        let recipe = Recipe {
            snapshot: self.world.tenancy.snapshot,
            relation: self.base,
            rights: None,
            template: Some(&of.row),
            pinned,
            rich: true,
            salt,
        };
        let made = recipe.row().into_iter().filter_map(|cell| {
            let there = self.base.column(&cell.column)?;
            Some(Cell {
                column: self.here(there)?.name.clone(),
                value: cell.value,
            })
        });
        let mut row: Vec<Cell> = made.collect();
        // Columns that come from other tables: as it sees them now.
        let foreign = |cell: &&Cell| !self.map.iter().any(|(here, _)| here.name == cell.column);
        row.extend(of.seen.iter().filter(foreign).cloned());
        row.retain(|cell| self.rights.may_insert(&cell.column));
        (!row.is_empty()).then_some(row)
    }

    /// A new row of A's with the key of B's row, as far as the view has it; `whole`: only where it
    /// has all of it.
    fn with_key_of_b(&self, whole: bool) -> Option<Vec<Cell>> {
        let key = key_columns(self.base, &|_| true)?;
        let mut row = self.new_row(&self.a, 14)?;
        let mut same = 0;
        for column in &key {
            let here = self.here(column);
            let cell = here.and_then(|here| row.iter_mut().find(|cell| cell.column == here.name));
            if let Some(cell) = cell {
                cell.value = self.b.row.cell(self.base, &column.name).map(str::to_owned);
                same += 1;
            }
        }
        // Or it would be the same row, and nobody would see that it was written.
        if let Some((there, new)) = self.changed()
            && let Some(here) = self.here(there)
            && self.rights.may_insert(&here.name)
        {
            row.retain(|cell| cell.column != here.name);
            row.push(Cell {
                column: here.name.clone(),
                value: Some(new),
            });
        }
        (same > 0 && (!whole || same == key.len())).then_some(row)
    }

    fn upsert(&self, set: Option<String>) -> Option<String> {
        let row = self.with_key_of_b(true)?;
        let key = key_columns(self.base, &|_| true)?;
        let names: Option<Vec<String>> = key
            .iter()
            .map(|column| Some(quote::ident(&self.here(column)?.name)))
            .collect();
        Some(format!(
            "{} on conflict ({}) do update set {}",
            self.insertion(&row),
            names?.join(", "),
            set?
        ))
    }

    /// `column = value` for one that no key and no policy needs, with a value that neither row has.
    fn change(&self) -> Option<String> {
        let (there, new) = self.changed()?;
        self.set(there, Some(&new))
    }

    /// A column that no key needs, and a value for it that neither row has.
    fn changed(&self) -> Option<(&Column, String)> {
        let snapshot = self.world.tenancy.snapshot;
        let link = self.link()?;
        self.map.iter().find_map(|(here, there)| {
            let number = there.number;
            let indexes = &mut self.base.indexes.iter();
            let constraints = &mut self.base.constraints.iter();
            let tied = indexes.any(|index| index.columns.contains(&number))
                || constraints.any(|constraint| constraint.columns.contains(&number));
            let may = self.rights.may_update(&here.name) || self.rights.may_insert(&here.name);
            if !may || tied || there.generated || number == link.number {
                return None;
            }
            let known = |value: &String| {
                let cell = |side: &Side| side.row.cell(self.base, &there.name) == Some(value);
                cell(&self.a) || cell(&self.b)
            };
            let made = [
                made_up(snapshot, there),
                fresh_value(snapshot, there, 15),
                another(snapshot, there).map(str::to_owned),
            ];
            let new = made.into_iter().flatten().find(|value| !known(value))?;
            Some((*there, new))
        })
    }

    /// A's row becomes B's.
    fn rekey(&self) -> Option<String> {
        let link = self.link()?;
        self.set(link, self.b.row.cell(self.base, &link.name))
    }

    /// B's row becomes A's.
    fn taken(&self) -> Option<String> {
        let link = self.link()?;
        self.set(link, self.a.row.cell(self.base, &link.name))
    }

    fn set(&self, there: &Column, to: Option<&str>) -> Option<String> {
        let here = self.here(there)?;
        let may = self.rights.may_update(&here.name);
        may.then(|| format!("{} = {}", quote::ident(&here.name), value(to)))
    }

    /// The condition on the view's columns that names a row of the table below.
    fn condition(&self, row: &Specimen) -> Option<String> {
        let present = |there: &Column| {
            self.here(there)
                .is_some_and(|here| self.rights.may_select(&here.name))
                && row.cell(self.base, &there.name).is_some()
        };
        let equal = |there: &Column, cast: &str| {
            let here = self.here(there)?;
            let theirs = row.cell(self.base, &there.name);
            Some(format!(
                "{}{cast} = {}",
                quote::ident(&here.name),
                value(theirs)
            ))
        };
        let parts: Vec<String> = match key_columns(self.base, &present) {
            Some(key) => key.iter().filter_map(|there| equal(there, "")).collect(),
            None => {
                let readable = self.base.columns.iter().filter(|there| present(there));
                readable
                    .filter_map(|there| equal(there, "::text"))
                    .collect()
            }
        };
        (!parts.is_empty()).then(|| parts.join(" and "))
    }

    /// The view's column for one of the table below.
    fn here(&self, there: &Column) -> Option<&Column> {
        let found = self
            .map
            .iter()
            .find(|(_, known)| known.number == there.number);
        found.map(|(here, _)| *here)
    }

    /// The column of the table below that says whose a row is.
    fn link(&self) -> Option<&Column> {
        let number = match self.world.tenancy.tables.get(&self.base.oid)?.reach {
            Reach::Registry { column } | Reach::Key { column } | Reach::Via { column, .. } => {
                column
            }
        };
        self.base.attribute(number)
    }
}

/// A value for types that have few made-up ones.
fn another(snapshot: &Snapshot, column: &Column) -> Option<&'static str> {
    let found = snapshot.types.get(&snapshot.base_type(column.type_oid))?;
    match (found.name.as_str(), found.category) {
        ("json" | "jsonb", _) => Some("{\"tenantctl\": 1}"),
        (_, 'N') => Some("7"),
        (_, 'B') => Some("true"),
        (_, 'D') => Some("2001-02-03"),
        _ => None,
    }
}
