//! The way back from a key that was added: triggers, function, NOT NULL, column.

use super::{not_null, prepare};
use crate::catalog::{Comments, Function, Relation, Snapshot};
use crate::plan::mark::Place;
use crate::plan::work::Target;
use crate::plan::{Change, Kind, LockMode};
use crate::session::quote::ident;

/// What the marks on columns and functions tell. It comes after policies are gone: those of other
/// tables may read the column.
pub(in crate::plan) fn undo(snapshot: &Snapshot, comments: &Comments) -> Vec<Change> {
    let mut relations: Vec<&Relation> = snapshot.relations.values().collect();
    relations.sort_by_key(|relation| relation.qualified());
    let back = Back { snapshot, comments };
    let mut changes: Vec<Change> = relations
        .into_iter()
        .filter_map(|relation| back.table(relation))
        .collect();
    let tables: Vec<String> = changes.iter().map(|change| change.id.clone()).collect();
    let mut functions: Vec<&Function> = snapshot.functions.values().collect();
    functions.sort_by_key(|function| function.signature());
    for function in functions {
        if !is_ours(function, comments) {
            continue;
        }
        let signature = function.signature();
        let target = Target::other(&signature, function.owner, LockMode::AccessExclusive);
        changes.push(Change {
            statements: vec![format!("DROP FUNCTION {signature}")],
            because: vec!["the function was made".to_owned()],
            after: tables.clone(),
            ..Change::bare(Kind::Revert, target)
        });
    }
    changes
}

/// Whether a function was made to fill keys.
pub(in crate::plan) fn is_ours(function: &Function, comments: &Comments) -> bool {
    let (_, mark) = Place::function(function).read(comments);
    function.name.ends_with(prepare::FUNCTION) && mark.is_some_and(|mark| mark.made)
}

struct Back<'s> {
    snapshot: &'s Snapshot,
    comments: &'s Comments,
}

impl Back<'_> {
    fn table(&self, relation: &Relation) -> Option<Change> {
        let table = relation.qualified();
        let (mut statements, mut because) = (Vec::new(), Vec::new());
        for name in self.triggers(relation) {
            statements.push(format!("DROP TRIGGER {} ON {table}", ident(name)));
            because.push(format!("trigger {} was made", ident(name)));
        }
        let fills = !statements.is_empty();
        for column in &relation.columns {
            let place = Place::column(relation, column);
            let (_, mark) = place.read(self.comments);
            if mark.is_some_and(|mark| mark.made) {
                statements.push(format!(
                    "ALTER TABLE {table} DROP COLUMN {}",
                    ident(&column.name)
                ));
                because.push(format!(
                    "column {} was made: its values go with it, those taken from the parent and those \
                     that the application has written there since",
                    ident(&column.name)
                ));
                continue;
            }
            if fills && not_null::leftover(relation, column) {
                statements.push(not_null::drop_of(relation, &column.name));
            }
        }
        if statements.is_empty() {
            return None;
        }
        let target = Target::of(relation, LockMode::AccessExclusive);
        let mut change = Change {
            statements,
            because,
            ..Change::bare(Kind::Revert, target)
        };
        change.id.push_str(":key");
        Some(change)
    }

    /// Triggers that call a function of ours. Those of partitions come and go with the table's.
    fn triggers<'r>(&self, relation: &'r Relation) -> impl Iterator<Item = &'r str> {
        let ours = relation.triggers.iter().filter(|trigger| {
            let function = self.snapshot.functions.get(&trigger.function);
            // A function's owner may write its comment, and need not be the table's.
            prepare::TRIGGERS
                .iter()
                .any(|suffix| trigger.name.ends_with(suffix))
                && !relation.is_partition
                && function.is_some_and(|function| is_ours(function, self.comments))
        });
        ours.map(|trigger| trigger.name.as_str())
    }
}
