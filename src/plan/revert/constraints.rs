//! NOT NULL and constraints that were made, taken back.

use super::{Steps, WayBack};
use crate::catalog::{ConstraintKind, Relation};
use crate::plan::mark::Place;
use crate::plan::work::Target;
use crate::plan::{LeftAlone, LockMode};
use crate::session::quote::ident;

impl WayBack<'_> {
    /// Each foreign key for itself, because dropping one locks the other table as well; then the rest.
    pub(super) fn constraints(&mut self, relation: &Relation) {
        let name = relation.qualified();
        let mut rest = Steps::default();
        for constraint in &relation.constraints {
            let place = Place::constraint(relation, constraint);
            if !self.mark(&place).is_some_and(|mark| mark.made) {
                continue;
            }
            let quoted = ident(&constraint.name);
            let drop = format!("ALTER TABLE {name} DROP CONSTRAINT {quoted}");
            let because = format!("constraint {quoted} was made");
            if constraint.kind != ConstraintKind::Foreign {
                rest.push(drop, because);
                continue;
            }
            let mut alone = Steps::default();
            alone.push(drop, because);
            self.push_as(relation, alone, &format!("revert:{name}:{quoted}"));
            let parent = self.snapshot.relations.get(&constraint.references);
            if let (Some(change), Some(parent)) = (self.plan.changes.last_mut(), parent) {
                change.references = Some(parent.oid);
                change.lock.on = format!("{name} and {}", parent.qualified());
            }
        }
        self.nullable_again(relation, &mut rest);
        if !rest.statements.is_empty() {
            self.push_as(relation, rest, &format!("revert:{name}:not-null"));
        }
    }

    fn nullable_again(&mut self, relation: &Relation, steps: &mut Steps) {
        let name = relation.qualified();
        for column in &relation.columns {
            let place = Place::column(relation, column);
            let (own, mark) = place.read(self.comments);
            if !mark.is_some_and(|mark| mark.not_null) {
                continue;
            }
            let quoted = ident(&column.name);
            let of_key = |kind| {
                let mut all = relation.constraints.iter();
                all.any(|k| k.kind == kind && k.columns.contains(&column.number))
            };
            if of_key(ConstraintKind::Primary) {
                self.plan.left_alone.push(LeftAlone {
                    object: name.clone(),
                    reason: format!(
                        "{quoted} was made NOT NULL and is a part of the primary key by now, so it stays"
                    ),
                });
            } else if column.not_null {
                steps.push(
                    format!("ALTER TABLE {name} ALTER COLUMN {quoted} DROP NOT NULL"),
                    format!("{quoted} was made NOT NULL"),
                );
            }
            steps.statements.push(place.write(own, None));
        }
    }

    fn push_as(&mut self, relation: &Relation, steps: Steps, id: &str) {
        let target = Target::of(relation, LockMode::AccessExclusive);
        self.push(steps, target);
        if let Some(change) = self.plan.changes.last_mut() {
            id.clone_into(&mut change.id);
        }
    }
}
