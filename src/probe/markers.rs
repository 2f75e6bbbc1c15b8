//! Values by which an organization's rows are recognised wherever they turn up.

use anyhow::Result;

use super::eye::Eye;
use super::specimen::{Specimen, key_columns};
use crate::catalog::{Column, ConstraintKind, Oid, Relation, Snapshot};
use crate::session::quote;

/// A value and where it was taken from.
#[derive(Clone, Debug)]
pub(super) struct Marker {
    pub(super) value: String,
    pub(super) oid: Oid,
    pub(super) column: String,
    /// Made up for this transaction: nobody else can have it.
    pub(super) made_up: bool,
}

/// Values of one organization, no more than [`MOST`].
#[derive(Clone, Debug, Default)]
pub(super) struct Markers(pub(super) Vec<Marker>);

const MOST: usize = 300;
const SHORTEST: usize = 6;
const LONGEST: usize = 200;

impl Markers {
    /// Adds what is distinctive about a row.
    pub(super) fn add(&mut self, snapshot: &Snapshot, relation: &Relation, row: &Specimen) {
        self.take(snapshot, (relation, row), false);
    }

    /// Adds what is distinctive about a row that was made up for this transaction.
    pub(super) fn add_canary(&mut self, snapshot: &Snapshot, relation: &Relation, row: &Specimen) {
        self.take(snapshot, (relation, row), true);
    }

    /// Adds what another one holds.
    pub(super) fn absorb(&mut self, other: Self) {
        for marker in other.0 {
            let new = !self.0.iter().any(|old| old.value == marker.value);
            if self.0.len() < MOST && new {
                self.0.push(marker);
            }
        }
    }

    fn take(
        &mut self,
        snapshot: &Snapshot,
        (relation, row): (&Relation, &Specimen),
        made_up: bool,
    ) {
        for column in &relation.columns {
            let Some(value) = row.cell(relation, &column.name) else {
                continue;
            };
            let new = !self.0.iter().any(|marker| marker.value == value);
            if self.0.len() < MOST && new && is_marker(snapshot, (relation, column), value) {
                self.0.push(Marker {
                    value: value.to_owned(),
                    oid: relation.oid,
                    column: column.name.clone(),
                    made_up,
                });
            }
        }
    }

    /// An array of LIKE patterns.
    pub(super) fn patterns(&self) -> String {
        let patterns: Vec<String> = self
            .0
            .iter()
            .map(|marker| {
                let escaped = marker
                    .value
                    .replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_");
                quote::literal(&format!("%{escaped}%"))
            })
            .collect();
        format!("array[{}]::text[]", patterns.join(", "))
    }

    /// The markers in a text.
    pub(super) fn within<'m>(&'m self, text: &'m str) -> impl Iterator<Item = &'m Marker> {
        self.0
            .iter()
            .filter(move |marker| text.contains(&marker.value))
    }
}

/// Whether the value stands in one row only of the table that it was taken from: what two rows
/// share may belong to anybody.
pub(super) async fn is_unique(eye: &Eye<'_>, snapshot: &Snapshot, marker: &Marker) -> Result<bool> {
    if marker.made_up {
        return Ok(true);
    }
    let relation = &snapshot.relations[&marker.oid];
    let from = format!(
        "{} where {}::text = {}",
        relation.qualified(),
        quote::ident(&marker.column),
        quote::literal(&marker.value)
    );
    Ok(eye.count(&from, 2).await? == Some(1))
}

/// Own keys that are uuids, and texts that no one writes twice by chance.
fn is_marker(snapshot: &Snapshot, (relation, column): (&Relation, &Column), value: &str) -> bool {
    let constrained = relation.constraints.iter().any(|constraint| {
        matches!(
            constraint.kind,
            ConstraintKind::Foreign | ConstraintKind::Check
        ) && constraint.columns.contains(&column.number)
    });
    if constrained {
        return false;
    }
    let Some(found) = snapshot.types.get(&snapshot.base_type(column.type_oid)) else {
        return false;
    };
    if found.name == "uuid" {
        return key_columns(relation, &|_| true)
            .is_some_and(|columns| columns.len() == 1 && columns[0].number == column.number);
    }
    found.category == 'S' && found.kind != 'e' && is_distinctive(value)
}

/// Neither short nor a word such as a status could be, and the same inside of JSON or a row.
fn is_distinctive(value: &str) -> bool {
    let length = value.chars().count();
    let plain = !value.contains(['"', '\\', '\n', '\r', '\t', '\'']);
    let odd = value.contains(|c: char| !c.is_alphabetic() && c != '_' && c != '-');
    (SHORTEST..=LONGEST).contains(&length) && plain && odd
}

#[cfg(test)]
mod tests {
    use super::is_distinctive;

    #[test]
    fn words_are_not_markers() {
        for word in [
            "archived",
            "in_progress",
            "live",
            "a@b.c",
            "on-hold",
            "say \"x\" twice",
        ] {
            assert!(!is_distinctive(word), "{word}");
        }
        for value in [
            "hank@globex.example",
            "Layoff list",
            "INV-00017",
            "+44 20 7946 0000",
        ] {
            assert!(is_distinctive(value), "{value}");
        }
    }
}
