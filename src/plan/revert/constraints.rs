//! NOT NULL and constraints that were made, taken back, and what made place for them.

use super::{Steps, WayBack};
use crate::catalog::{Constraint, ConstraintKind, Index, Relation};
use crate::plan::mark::{Mark, Place};
use crate::plan::named::place;
use crate::plan::not_null::unset;
use crate::plan::unique::Unique;
use crate::plan::work::Target;
use crate::plan::{Dropped, Kind, LeftAlone, LockMode};
use crate::session::quote::{ident, qualified};

impl<'s> WayBack<'s> {
    /// Foreign keys first: they need what is unique at the other end.
    pub(super) fn constraints(&mut self, relations: &[&'s Relation]) {
        for relation in relations {
            self.foreign_keys(relation);
        }
        for relation in relations {
            self.uniques(relation);
        }
        for relation in relations {
            self.not_null(relation);
        }
    }

    fn is_made(&self, relation: &Relation, constraint: &Constraint) -> bool {
        let mark = self.mark(&Place::constraint(relation, constraint));
        mark.is_some_and(|mark| mark.made)
    }

    /// Each for itself, because dropping one locks the other table as well.
    fn foreign_keys(&mut self, relation: &Relation) {
        for constraint in &relation.constraints {
            if constraint.kind != ConstraintKind::Foreign || !self.is_made(relation, constraint) {
                continue;
            }
            let mut steps = Steps::default();
            drop_constraint(relation, constraint, &mut steps);
            self.push_as(relation, steps, &ident(&constraint.name));
            let parent = self.snapshot.relations.get(&constraint.references);
            if let (Some(change), Some(parent)) = (self.plan.changes.last_mut(), parent) {
                change.references = Some(parent.oid);
                change.lock.on = format!("{} and {}", relation.qualified(), parent.qualified());
            }
        }
    }

    /// What was dropped for a unique constraint is built again before that goes.
    fn uniques(&mut self, relation: &'s Relation) {
        for index in &relation.indexes {
            let place = place(relation, index);
            let (own, mark) = place.read(self.comments);
            let constraint = relation.constraint_of(index);
            let Some(mut mark) =
                mark.filter(|mark| !mark.dropped.is_empty() || (mark.made && constraint.is_some()))
            else {
                continue;
            };
            if let Some(reason) = self.is_needed(relation, index, &mark) {
                self.leave(relation, reason);
                continue;
            }
            // What cannot be as it was leaves ours where it is: otherwise nothing would be unique.
            let (mut uniques, mut refused) = (Vec::new(), Vec::new());
            for was in &mark.dropped {
                match self.again(relation, was) {
                    Ok(unique) => uniques.push(unique),
                    Err(reason) => refused.push(reason),
                }
            }
            if !refused.is_empty() {
                for reason in refused {
                    self.leave(
                        relation,
                        format!("{reason}, so {} stays", ident(&index.name)),
                    );
                }
                continue;
            }
            let mut after = Vec::new();
            while let (Some(was), Some(unique)) = (mark.dropped.pop(), uniques.pop()) {
                let rest = place.write(own, Some(&mark));
                after.push(self.put_unique_back(&unique, &was, (rest, &after)));
            }
            if let Some(constraint) = constraint.filter(|_| mark.made) {
                let mut steps = Steps::default();
                drop_constraint(relation, constraint, &mut steps);
                self.push_as(relation, steps, &ident(&constraint.name));
                if let Some(change) = self.plan.changes.last_mut() {
                    change.after = after;
                }
            }
        }
    }

    /// Why a unique constraint that was made has to stay.
    fn is_needed(&self, relation: &Relation, index: &Index, mark: &Mark) -> Option<String> {
        let mut referring = self.snapshot.relations.values().flat_map(|child| {
            let constraints = child.constraints.iter();
            constraints.map(move |constraint| (child, constraint))
        });
        let (child, key) = referring.find(|(child, key)| {
            key.kind == ConstraintKind::Foreign
                && key.references == relation.oid
                && key.referenced_columns.len() == index.columns.len()
                && key
                    .referenced_columns
                    .iter()
                    .all(|at| index.columns.contains(at))
                && !self.is_made(child, key)
        })?;
        mark.made.then(|| {
            format!(
                "{} was made, and foreign key {} of {} leads there by now, so it stays",
                ident(&index.name),
                ident(&key.name),
                child.qualified()
            )
        })
    }

    /// What it was, or why it cannot be that again.
    fn again<'r>(&self, relation: &'r Relation, was: &Dropped) -> Result<Unique<'r>, String> {
        let unique = was.unique(relation)?;
        if !is_there(&unique) && self.is_taken(relation, &was.name) {
            return Err(format!(
                "{} was unique until it was dropped, and something else has its name by now",
                ident(&was.name)
            ));
        }
        Ok(unique)
    }

    /// The id of the change that builds it again and takes it out of the mark.
    fn put_unique_back(
        &mut self,
        unique: &Unique<'_>,
        was: &Dropped,
        (mark, after): (String, &[String]),
    ) -> String {
        let (relation, name) = (unique.relation, ident(&was.name));
        let id = format!("revert:{}:{name}:again", relation.qualified());
        let mut change = if is_there(unique) {
            let mut steps = Steps::default();
            steps.statements.push(mark);
            let target = Target::of(relation, LockMode::ShareUpdateExclusive);
            steps.change(target)
        } else {
            let mut marks = comments(relation, was);
            marks.push(mark);
            let mut change = unique.change(Kind::Revert, marks);
            change.hindered_by = Some(unique.hindering());
            change.undo.clear();
            change
        };
        change.because.push(format!("{name} was dropped"));
        change.id.clone_from(&id);
        change.after = after.to_vec();
        self.plan.changes.push(change);
        id
    }

    fn is_taken(&self, relation: &Relation, name: &str) -> bool {
        let mut all = self.snapshot.relations.values();
        let constrained = relation.constraints.iter().any(|known| known.name == name);
        constrained
            || all.any(|other| {
                other.schema == relation.schema
                    && (other.name == name || other.indexes.iter().any(|index| index.name == name))
            })
    }

    /// The rest in one transaction.
    fn not_null(&mut self, relation: &Relation) {
        let mut steps = Steps::default();
        for constraint in &relation.constraints {
            let other = !matches!(
                constraint.kind,
                ConstraintKind::Foreign | ConstraintKind::Unique
            );
            if other && self.is_made(relation, constraint) {
                drop_constraint(relation, constraint, &mut steps);
            }
        }
        self.nullable_again(relation, &mut steps);
        if !steps.statements.is_empty() {
            self.push_as(relation, steps, "not-null");
        }
    }

    fn nullable_again(&mut self, relation: &Relation, steps: &mut Steps) {
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
                let reason = format!(
                    "{quoted} was made NOT NULL and is a part of the primary key by now, so it stays"
                );
                self.leave(relation, reason);
            } else if column.not_null {
                steps.push(
                    unset(relation, &column.name),
                    format!("{quoted} was made NOT NULL"),
                );
            }
            steps.statements.push(place.write(own, None));
        }
    }

    fn leave(&mut self, relation: &Relation, reason: String) {
        self.plan.left_alone.push(LeftAlone {
            object: relation.qualified(),
            reason,
        });
    }

    fn push_as(&mut self, relation: &Relation, steps: Steps, what: &str) {
        let mut change = steps.change(Target::of(relation, LockMode::AccessExclusive));
        change.id = format!("{}:{what}", change.id);
        self.plan.changes.push(change);
    }
}

fn drop_constraint(relation: &Relation, constraint: &Constraint, steps: &mut Steps) {
    let (name, quoted) = (relation.qualified(), ident(&constraint.name));
    steps.push(
        format!("ALTER TABLE {name} DROP CONSTRAINT {quoted}"),
        format!("constraint {quoted} was made"),
    );
}

/// Whether an earlier run, or somebody, built it again.
fn is_there(unique: &Unique<'_>) -> bool {
    let relation = unique.relation;
    let mut indexes = relation.indexes.iter();
    indexes.any(|index| {
        index.name == unique.name
            && index.unique
            && index.usable
            && index.columns == unique.columns
            && relation.constraint_of(index).is_some() == unique.constraint
    })
}

/// The comments that it had.
fn comments(relation: &Relation, was: &Dropped) -> Vec<String> {
    let schema = &relation.schema_name;
    let index = Place::new_index(&qualified(schema, &was.name));
    let constraint = Place::new_constraint(relation, &was.name);
    [(constraint, &was.comment), (index, &was.index_comment)]
        .into_iter()
        .filter_map(|(place, comment)| Some(place.write(Some(comment.as_deref()?), None)))
        .collect()
}
