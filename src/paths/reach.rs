//! Ways from the application's privileges to tenant tables, and the role that each ends as.

use std::collections::BTreeSet;

use super::Powers;
use crate::catalog::{Oid, Privilege, Relation, RelationKind, Snapshot};
use crate::finding::Operation;

/// What a role may do with a relation, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Operations allowed on the whole relation, or on some columns.
    pub operations: Vec<Operation>,
    /// Whether only columns are granted, not the relation.
    pub columns_only: bool,
}

impl Access {
    /// Privileges of a role on a relation; none where it may not use the schema.
    pub fn of(snapshot: &Snapshot, powers: &Powers, relation: &Relation) -> Self {
        if !powers.may_use_schema(snapshot, relation.schema) {
            return Self::default();
        }
        let mut access = Self {
            operations: Vec::new(),
            columns_only: true,
        };
        for (operation, privilege) in [
            (Operation::Select, Privilege::Select),
            (Operation::Insert, Privilege::Insert),
            (Operation::Update, Privilege::Update),
            (Operation::Delete, Privilege::Delete),
        ] {
            let whole = powers.may(snapshot, relation, privilege);
            if whole || !powers.columns(relation, privilege).is_empty() {
                access.operations.push(operation);
                access.columns_only &= !whole;
            }
        }
        access
    }

    /// Whether an operation is allowed.
    pub fn allows(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether nothing is.
    pub fn is_none(&self) -> bool {
        self.operations.is_empty()
    }
}

/// One way from a relation that the application may use to a table that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The table or materialized view at the end.
    pub target: Oid,
    /// The role as which it is read.
    pub as_role: Oid,
    /// Views on the way, the outermost first, the one that reads the target last.
    pub through: Vec<Oid>,
}

/// Every way from a view to what it reads. A view reads with its owner's rights, or with
/// `security_invoker` with the caller's: the session's role, also below a view that has it not.
///
/// Views that share views have more ways than can be counted. So of those to one view that gather the
/// same marks only one is told, a shortest: `mark` says what of a view matters to those below it.
pub fn routes(
    snapshot: &Snapshot,
    view: &Relation,
    caller: Oid,
    mark: impl Fn(&Relation) -> u8,
) -> Vec<Route> {
    let mut found = Vec::new();
    let mut steps = vec![Step {
        view,
        above: None,
        marks: 0,
    }];
    let mut known = BTreeSet::from([(view.oid, 0)]);
    let mut at = 0;
    while let Some(step) = steps.get(at).copied() {
        let as_role = if step.view.security_invoker {
            caller
        } else {
            step.view.owner
        };
        let marks = step.marks | mark(step.view);
        for relation in read_by(snapshot, step.view) {
            if relation.kind != RelationKind::View {
                found.push(Route {
                    target: relation.oid,
                    as_role,
                    through: way(&steps, at),
                });
            } else if known.insert((relation.oid, marks)) {
                steps.push(Step {
                    view: relation,
                    above: Some(at),
                    marks,
                });
            }
        }
        at += 1;
    }
    found.sort_by_cached_key(|route| (route.target, route.through.clone()));
    found.dedup();
    found
}

/// A view on the way, and what was gathered above it.
#[derive(Clone, Copy)]
struct Step<'a> {
    view: &'a Relation,
    /// The step before.
    above: Option<usize>,
    marks: u8,
}

/// The views from the outermost to this step's.
fn way(steps: &[Step<'_>], to: usize) -> Vec<Oid> {
    let mut way = Vec::new();
    let mut at = Some(to);
    while let Some(step) = at.and_then(|at| steps.get(at)) {
        way.push(step.view.oid);
        at = step.above;
    }
    way.reverse();
    way
}

fn read_by<'a>(
    snapshot: &'a Snapshot,
    view: &'a Relation,
) -> impl Iterator<Item = &'a Relation> + 'a {
    view.rules
        .iter()
        .filter(|rule| rule.event == '1')
        .flat_map(|rule| &rule.refers_to)
        .filter_map(|oid| snapshot.relations.get(oid))
}
