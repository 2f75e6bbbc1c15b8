//! New rows: which columns to give, and which values, so that the row policies are reached.
//!
//! Row policies are asked before constraints, so a row need not be valid to be an attack. Values
//! that a policy or a constraint looks at come from a real row, the rest is made up: an attack that
//! is printed as evidence should not show a customer's data.

use super::rights::Rights;
use super::specimen::{Specimen, key_columns};
use super::value::lore::Kinds;
use super::value::palette::{bare, cut};
use super::value::{Mark, Palette};
use crate::catalog::{Column, ConstraintKind, Relation, RelationKind, Snapshot, Type};
use crate::session::quote;

/// A column of a new row and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) column: String,
    pub(super) value: Option<String>,
}

/// How to build a new row.
pub(super) struct Recipe<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) relation: &'a Relation,
    /// Which columns may be given; everything for an administrator.
    pub(super) rights: Option<&'a Rights>,
    /// A row to take values from.
    pub(super) template: Option<&'a Specimen>,
    /// Values that are not up to the recipe: the tenant key, a reference.
    pub(super) pinned: Vec<Cell>,
    /// Whether columns that could be left out get values too, so that sums and lists change.
    pub(super) rich: bool,
    /// Makes the values of keys differ from one new row to the next.
    pub(super) salt: u32,
}

impl Recipe<'_> {
    /// The new row.
    pub(super) fn row(&self) -> Vec<Cell> {
        let fresh = self.fresh_columns();
        self.relation
            .columns
            .iter()
            .filter(|column| !column.generated && self.may_give(&column.name))
            .filter_map(|column| self.cell(column, &fresh))
            .collect()
    }

    fn cell(&self, column: &Column, fresh: &[i16]) -> Option<Cell> {
        let cell = |value: Option<String>| {
            Some(Cell {
                column: column.name.clone(),
                value,
            })
        };
        if let Some(pinned) = self.pinned.iter().find(|cell| cell.column == column.name) {
            return Some(pinned.clone());
        }
        if fresh.contains(&column.number) {
            let made = fresh_value(self.snapshot, column, self.salt);
            if made.is_some() {
                return cell(made);
            }
        }
        let real = || {
            self.template
                .and_then(|row| row.cell(self.relation, &column.name))
                .map(str::to_owned)
        };
        if self.is_looked_at(column) {
            match real() {
                Some(value) => return cell(Some(value)),
                None if column.has_default || column.identity.is_some() => return None,
                None => {}
            }
        }
        let by_domain = self.domain(column).is_some_and(|domain| domain.not_null);
        let may_be_null = !column.not_null && !by_domain;
        let optional = may_be_null || column.has_default || column.identity.is_some();
        if optional && !(self.rich && self.counts(column)) {
            return None;
        }
        match made_up(self.snapshot, column) {
            Some(value) => cell(Some(value)),
            None => cell(real()),
        }
    }

    /// Whether a value may be given for its own sake: a default other than a number's most likely
    /// means something.
    fn counts(&self, column: &Column) -> bool {
        let base = self.snapshot.base_type(column.type_oid);
        let number = |found: &Type| found.category == 'N';
        column.identity.is_none()
            && (!column.has_default || self.snapshot.types.get(&base).is_some_and(number))
    }

    fn may_give(&self, column: &str) -> bool {
        self.rights.is_none_or(|rights| rights.may_insert(column))
    }

    /// One column of every unique key gets a value of its own, so that the row is new: the first
    /// one that is neither pinned nor a reference.
    fn fresh_columns(&self) -> Vec<i16> {
        let mut fresh = Vec::new();
        for index in self.relation.indexes.iter().filter(|index| index.unique) {
            if index.columns.iter().any(|number| fresh.contains(number)) {
                continue;
            }
            let free = index.columns.iter().find(|number| {
                self.relation.attribute(**number).is_some_and(|column| {
                    !self.pinned.iter().any(|cell| cell.column == column.name)
                        && !self.is_reference(column)
                        && !self.is_bound(column)
                        && fresh_value(self.snapshot, column, self.salt).is_some()
                })
            });
            fresh.extend(free);
        }
        fresh
    }

    /// The column's type, where that is a domain.
    fn domain(&self, column: &Column) -> Option<&Type> {
        let found = self.snapshot.types.get(&column.type_oid)?;
        (found.kind == 'd').then_some(found)
    }

    /// Whether a domain or a partition's bound is asked before the policies are, or a generated
    /// column is made of it: then a value that is known to be good is better than a new one.
    fn is_bound(&self, column: &Column) -> bool {
        let partitioned =
            self.relation.is_partition || self.relation.kind == RelationKind::Partitioned;
        let base = self.snapshot.base_type(column.type_oid);
        let uuid = self.snapshot.types.get(&base);
        let uuid = uuid.is_some_and(|found| found.name == "uuid");
        let columns = &self.relation.columns;
        let feeds = columns
            .iter()
            .any(|other| other.generated && other.not_null);
        feeds || self.domain(column).is_some() || (partitioned && !uuid)
    }

    fn is_reference(&self, column: &Column) -> bool {
        self.relation.constraints.iter().any(|constraint| {
            constraint.kind == ConstraintKind::Foreign
                && constraint.columns.contains(&column.number)
        })
    }

    /// Whether a policy, a reference or a CHECK looks at the column, so that its value matters.
    fn is_looked_at(&self, column: &Column) -> bool {
        let by_constraint = self.relation.constraints.iter().any(|constraint| {
            matches!(
                constraint.kind,
                ConstraintKind::Foreign | ConstraintKind::Check | ConstraintKind::Exclusion
            ) && constraint.columns.contains(&column.number)
        });
        let by_policy = self.relation.policies.iter().any(|policy| {
            [&policy.using, &policy.check]
                .into_iter()
                .flatten()
                .any(|text| text.contains(&column.name))
        });
        let is_key = key_columns(self.relation, &|_| true)
            .is_some_and(|columns| columns.iter().any(|key| key.number == column.number));
        by_constraint || by_policy || is_key || self.is_bound(column)
    }
}

/// An INSERT of one row.
pub(super) fn insert(relation: &Relation, cells: &[Cell]) -> String {
    let columns: Vec<String> = cells
        .iter()
        .map(|cell| quote::ident(&cell.column))
        .collect();
    let values: Vec<String> = cells
        .iter()
        .map(|cell| value(cell.value.as_deref()))
        .collect();
    let always = relation.columns.iter().any(|column| {
        column.identity == Some('a') && cells.iter().any(|cell| cell.column == column.name)
    });
    let overriding = if always {
        " overriding system value"
    } else {
        ""
    };
    if cells.is_empty() {
        return format!("insert into {} default values", relation.qualified());
    }
    format!(
        "insert into {} ({}){overriding} values ({})",
        relation.qualified(),
        columns.join(", "),
        values.join(", ")
    )
}

/// A value as SQL.
pub(super) fn value(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), quote::literal)
}

/// A value that no other row has; the same on every run, so that reports can be compared.
pub(super) fn fresh_value(snapshot: &Snapshot, column: &Column, salt: u32) -> Option<String> {
    let base = snapshot.base_type(column.type_oid);
    let type_ = snapshot.types.get(&base)?;
    Some(match bare(&type_.name) {
        "uuid" => format!("7e4a4c71-0000-4000-8000-{salt:012x}"),
        "smallint" => (32_000 + i64::from(salt % 700)).to_string(),
        "integer" => (2_147_000_000 + i64::from(salt % 480_000)).to_string(),
        "bigint" => (9_007_199_000_000_000 + i64::from(salt)).to_string(),
        "text" | "character varying" | "citext" | "name" => {
            let text = format!("tenantctl-{salt}");
            cut(&text, column.type_mod)
        }
        _ => return None,
    })
}

/// Some value of the column's type.
pub(super) fn made_up(snapshot: &Snapshot, column: &Column) -> Option<String> {
    let palette = Palette {
        snapshot,
        kinds: &Kinds::default(),
        mark: &Mark {
            side: 'a',
            salt: 1,
            brief: false,
        },
    };
    let mut found = palette.of(column.type_oid, column.type_mod);
    (!found.is_empty()).then(|| found.swap_remove(0))
}
