//! `role drop`: what stands in the way, and what has to be taken back first.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{AclItem, Oid, RelationKind, Role, Snapshot};
use crate::session::quote::ident;

/// What must go first, each with the statement that does it.
pub fn obstacles(snapshot: &Snapshot, role: &Role) -> Vec<String> {
    let mut found = Vec::new();
    let name = ident(&role.name);
    for relation in snapshot.relations.values() {
        if relation.owner == role.oid {
            found.push(format!(
                "it owns {} {}",
                relation.kind.word(),
                relation.qualified()
            ));
        }
        for policy in &relation.policies {
            if policy.roles.contains(&role.oid) {
                found.push(format!(
                    "policy {policy} on {table} is TO it (DROP POLICY {policy} ON {table})",
                    policy = ident(&policy.name),
                    table = relation.qualified()
                ));
            }
        }
    }
    for schema in snapshot.schemas.values() {
        if schema.owner == role.oid {
            found.push(format!("it owns schema {}", ident(&schema.name)));
        }
    }
    for function in snapshot.functions.values() {
        if function.owner == role.oid {
            found.push(format!("it owns function {}", function.signature()));
        }
    }
    if snapshot.server.database_owner == role.oid {
        found.push(format!(
            "it owns database {}",
            ident(&snapshot.server.database)
        ));
    }
    for default in &snapshot.default_acls {
        if default.owner == role.oid {
            found.push(format!(
                "it has default privileges for its own objects (DROP OWNED BY {name})"
            ));
        }
    }
    found
}

/// The REVOKEs of all that it was granted in this database, in groups that fit one transaction.
pub fn revokes(snapshot: &Snapshot, role: &Role) -> Vec<String> {
    let from = ident(&role.name);
    let granted = |acl: Option<&[AclItem]>| {
        acl.is_some_and(|acl| acl.iter().any(|item| item.grantee == role.oid))
    };
    let mut statements = Vec::new();
    for relation in snapshot.relations.values() {
        let kind = if relation.kind == RelationKind::Sequence {
            "SEQUENCE"
        } else {
            "TABLE"
        };
        // Revoking on the table revokes on its columns too.
        let columns = relation
            .columns
            .iter()
            .any(|column| granted(column.acl.as_deref()));
        if granted(relation.acl.as_deref()) || columns {
            statements.push(format!(
                "REVOKE ALL ON {kind} {} FROM {from}",
                relation.qualified()
            ));
        }
    }
    for function in snapshot.functions.values() {
        if granted(function.acl.as_deref()) {
            statements.push(format!(
                "REVOKE ALL ON ROUTINE {} FROM {from}",
                function.signature()
            ));
        }
    }
    for schema in snapshot.schemas.values() {
        if granted(schema.acl.as_deref()) {
            statements.push(format!(
                "REVOKE ALL ON SCHEMA {} FROM {from}",
                ident(&schema.name)
            ));
        }
    }
    let server = &snapshot.server;
    if granted(server.database_acl.as_deref()) {
        statements.push(format!(
            "REVOKE ALL ON DATABASE {} FROM {from}",
            ident(&server.database)
        ));
    }
    statements.extend(default_privileges(snapshot, role.oid, &from));
    statements
}

fn default_privileges(snapshot: &Snapshot, role: Oid, from: &str) -> Vec<String> {
    let kinds = BTreeMap::from([
        ('r', "TABLES"),
        ('S', "SEQUENCES"),
        ('f', "ROUTINES"),
        ('T', "TYPES"),
        ('n', "SCHEMAS"),
    ]);
    let mut statements = BTreeSet::new();
    for default in &snapshot.default_acls {
        let granted = default.acl.iter().any(|item| item.grantee == role);
        let (true, Some(kind)) = (granted, kinds.get(&default.kind)) else {
            continue;
        };
        let place = match snapshot.schemas.get(&default.schema) {
            Some(schema) => format!(" IN SCHEMA {}", ident(&schema.name)),
            None => String::new(),
        };
        statements.insert(format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {}{place} REVOKE ALL ON {kind} FROM {from}",
            ident(snapshot.role_name(default.owner))
        ));
    }
    statements.into_iter().collect()
}
