//! Ways from the application's privileges to tenant tables, and the role that each ends as.

use super::Powers;
use crate::catalog::{Oid, Privilege, Relation, RelationKind, Snapshot};
use crate::finding::Operation;

/// Longer chains of views are cut: a cycle cannot be made, but a catalog may be broken.
const MAX_CHAIN: usize = 128;

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
pub fn routes(snapshot: &Snapshot, view: &Relation, caller: Oid) -> Vec<Route> {
    let mut found = Vec::new();
    follow(snapshot, view, caller, &mut vec![view.oid], &mut found);
    found.sort_by_key(|route| (route.target, route.through.clone()));
    found.dedup();
    found
}

fn follow(
    snapshot: &Snapshot,
    view: &Relation,
    caller: Oid,
    through: &mut Vec<Oid>,
    found: &mut Vec<Route>,
) {
    let as_role = if view.security_invoker {
        caller
    } else {
        view.owner
    };
    let reads = view
        .rules
        .iter()
        .filter(|rule| rule.event == '1')
        .flat_map(|rule| &rule.refers_to);
    for oid in reads {
        let Some(relation) = snapshot.relations.get(oid) else {
            continue;
        };
        if relation.kind == RelationKind::View {
            if !through.contains(oid) && through.len() < MAX_CHAIN {
                through.push(*oid);
                follow(snapshot, relation, caller, through, found);
                through.pop();
            }
        } else {
            found.push(Route {
                target: *oid,
                as_role,
                through: through.clone(),
            });
        }
    }
}
