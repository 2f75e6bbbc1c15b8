//! Who writes to the table must be able to read its parent: the trigger runs as the writer.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::subject::Subject;
use crate::catalog::{Oid, Privilege, Relation, Snapshot, holds};
use crate::plan::acts_as;
use crate::session::quote::ident;

/// # Errors
/// A role could write to the table until now and could not with the trigger.
pub(super) fn may_all_read_the_parent(subject: &Subject<'_>) -> Result<()> {
    if subject.is_done() {
        return Ok(());
    }
    let parent = subject.parent;
    let numbers = [subject.parent_column.number, subject.parent_key.number];
    for role in writers(subject) {
        if may_read(subject.snapshot, role, parent, &numbers) {
            continue;
        }
        let name = match role {
            0 => "PUBLIC".to_owned(),
            role => ident(subject.snapshot.role_name(role)),
        };
        bail!(
            "role {name} may write to {} and may not read {}, from which the key of new rows is \
             taken, so its writes would fail; nothing was changed: GRANT SELECT ({}, {}) ON {} TO \
             {name}, with USAGE on its schema, or take the privilege to write away",
            subject.relation.qualified(),
            parent.qualified(),
            ident(&subject.parent_column.name),
            ident(&subject.parent_key.name),
            parent.qualified(),
        );
    }
    Ok(())
}

/// Roles that insert or update, the owner among them.
fn writers(subject: &Subject<'_>) -> BTreeSet<Oid> {
    let mut writers = BTreeSet::new();
    for relation in subject.leaves.iter().chain([&subject.relation]) {
        writers.insert(relation.owner);
        let columns = relation
            .columns
            .iter()
            .filter_map(|column| column.acl.as_deref());
        for acl in columns.chain(relation.acl.as_deref()) {
            let writes = acl
                .iter()
                .filter(|item| matches!(item.privilege, Privilege::Insert | Privilege::Update));
            writers.extend(writes.map(|item| item.grantee));
        }
    }
    writers
}

/// Whether a role may read these columns of a table; 0 is PUBLIC.
pub(in crate::plan) fn may_read(
    snapshot: &Snapshot,
    role: Oid,
    relation: &Relation,
    columns: &[i16],
) -> bool {
    if snapshot.roles.get(&role).is_some_and(|role| role.superuser) {
        return true;
    }
    let mine = acts_as(snapshot, role);
    let reads_all = snapshot
        .role("pg_read_all_data")
        .is_some_and(|all| mine.contains(&all.oid));
    if reads_all {
        return true;
    }
    let schema = snapshot.schemas.get(&relation.schema).is_none_or(|schema| {
        mine.contains(&schema.owner) || holds(schema.acl.as_deref(), &mine, Privilege::Usage)
    });
    let table =
        mine.contains(&relation.owner) || snapshot.granted(relation, &mine, Privilege::Select);
    let each = || {
        columns.iter().all(|number| {
            let acl = relation
                .attribute(*number)
                .and_then(|column| column.acl.as_deref());
            holds(acl, &mine, Privilege::Select)
        })
    };
    schema && (table || each())
}

/// Whether no policy hides rows of a table from a role.
pub(in crate::plan) fn sees_all(snapshot: &Snapshot, role: Oid, relation: &Relation) -> bool {
    let privileged = snapshot
        .roles
        .get(&role)
        .is_some_and(|role| role.superuser || role.bypass_rls);
    privileged
        || !relation.row_security
        || (!relation.force_row_security && acts_as(snapshot, role).contains(&relation.owner))
}
