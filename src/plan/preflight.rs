//! What would stop a plan half-way, found before its first change.

use std::collections::BTreeSet;
use std::fmt;

use super::add_key::{may_read, sees_all};
use super::{Backfill, Change, Kind, Plan};
use crate::catalog::{Oid, Privilege, Snapshot, holds};
use crate::session::quote::ident;

/// A change that the session's role may not make.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obstacle {
    /// The object.
    pub object: String,
    /// What is missing.
    pub missing: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.missing)
    }
}

/// Everything that the session's role lacks for a plan; empty means that it may be tried.
pub fn obstacles(snapshot: &Snapshot, plan: &Plan) -> Vec<Obstacle> {
    let me = snapshot.server.session_role;
    if snapshot.roles.get(&me).is_some_and(|role| role.superuser) {
        return Vec::new();
    }
    let mine = acts_as(snapshot, me);
    let mut found = BTreeSet::new();
    for change in &plan.changes {
        found.extend(beside_ownership(snapshot, change, &mine));
        if !mine.contains(&change.owner) {
            found.insert(Obstacle {
                object: change.object.clone(),
                missing: format!(
                    "must be owner (it belongs to {})",
                    ident(snapshot.role_name(change.owner))
                ),
            });
        }
        found.extend(unreferenced(snapshot, &mine, change));
        let schema = snapshot
            .relations
            .get(&change.relation)
            .and_then(|relation| snapshot.schemas.get(&relation.schema));
        let purpose = match change.kind {
            Kind::Index | Kind::PartitionedIndex => {
                Some("to build an index in it; or use --no-indexes")
            }
            Kind::AddKey => Some("for the trigger's function"),
            _ if change.builds.is_some() => Some("to build an index in it"),
            _ => None,
        };
        if let (Some(purpose), Some(schema)) = (purpose, schema)
            && !mine.contains(&schema.owner)
            && !holds(schema.acl.as_deref(), &mine, Privilege::Create)
        {
            found.insert(Obstacle {
                object: ident(&schema.name),
                missing: format!(
                    "CREATE on the schema is needed {purpose}: GRANT CREATE ON SCHEMA {} TO {}",
                    ident(&schema.name),
                    ident(snapshot.role_name(me))
                ),
            });
        }
        if let Some(backfill) = &change.backfill {
            found.extend(unseen(snapshot, me, backfill));
        }
    }
    found.into_iter().collect()
}

/// A foreign key to a table that the role may not refer to.
fn unreferenced(snapshot: &Snapshot, mine: &BTreeSet<Oid>, change: &Change) -> Option<Obstacle> {
    let parent = change
        .references
        .filter(|_| change.kind == Kind::Constraint)?;
    let parent = snapshot.relations.get(&parent)?;
    if mine.contains(&parent.owner) || holds(parent.acl.as_deref(), mine, Privilege::References) {
        return None;
    }
    let name = parent.qualified();
    Some(Obstacle {
        missing: format!(
            "REFERENCES is needed for a foreign key that leads there: GRANT REFERENCES ON {name} TO {}",
            ident(snapshot.role_name(snapshot.server.session_role))
        ),
        object: name,
    })
}

/// What keeps a role from filling rows: a policy that hides some, or a parent that it may not read.
fn unseen(snapshot: &Snapshot, me: Oid, backfill: &Backfill) -> Vec<Obstacle> {
    let tables = [backfill.table, backfill.parent];
    let relations = tables.iter().filter_map(|oid| snapshot.relations.get(oid));
    let mut found = Vec::new();
    for relation in relations {
        let mut lacks = |missing: &str| {
            found.push(Obstacle {
                object: relation.qualified(),
                missing: missing.to_owned(),
            });
        };
        if !sees_all(snapshot, me, relation) {
            lacks(
                "its policies hide rows from this role, so not every key could be filled: a \
                 superuser or a role with BYPASSRLS is needed (FORCE binds the owner, too)",
            );
        }
        if relation.oid == backfill.parent && !may_read(snapshot, me, relation, &backfill.read) {
            lacks("SELECT is needed, to take the keys from it");
        }
    }
    found
}

/// What a change takes beside the rights of the object's owner.
fn beside_ownership(snapshot: &Snapshot, change: &Change, mine: &BTreeSet<Oid>) -> Vec<Obstacle> {
    let obstacle = |missing: String| Obstacle {
        object: change.object.clone(),
        missing,
    };
    let event_trigger = change
        .superuser
        .then(|| obstacle("only a superuser may make or drop an event trigger".to_owned()));
    let others = change.needs.iter().filter(|role| !mine.contains(role));
    let others = others.map(|role| {
        obstacle(format!(
            "must be a member of {}, whose default privileges are changed",
            ident(snapshot.role_name(*role))
        ))
    });
    event_trigger.into_iter().chain(others).collect()
}

/// The roles whose privileges a role has without SET ROLE, itself among them.
pub(crate) fn acts_as(snapshot: &Snapshot, role: Oid) -> BTreeSet<Oid> {
    let mut found = BTreeSet::from([role]);
    let mut open = vec![role];
    while let Some(member) = open.pop() {
        for membership in snapshot.memberships.iter().filter(|m| m.member == member) {
            let inherits = membership
                .inherit
                .unwrap_or_else(|| snapshot.roles.get(&member).is_some_and(|role| role.inherit));
            if inherits && found.insert(membership.role) {
                open.push(membership.role);
            }
        }
    }
    // Its one member is implied and stands in no catalog.
    if found.contains(&snapshot.server.database_owner)
        && let Some(role) = snapshot.role("pg_database_owner")
    {
        found.insert(role.oid);
    }
    found
}
