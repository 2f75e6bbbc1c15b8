//! `role create`: the statements that make the role what it must be, or nothing.

use super::fitness::BEYOND_POLICIES;
use super::grants::{self, Grant};
use crate::catalog::{Oid, Privilege, Relation, Role, Snapshot};
use crate::secret::{ExposeSecret, SecretString};
use crate::session::quote::{ident, literal};
use crate::tenancy::Tenancy;

/// What is left to do, in groups.
#[derive(Clone, Debug, Default)]
pub struct Provision {
    /// CREATE ROLE or ALTER ROLE. `{verifier}` stands for the password's.
    pub role: Vec<String>,
    /// REVOKEs from the role itself.
    pub revokes: Vec<String>,
    /// REVOKEs from PUBLIC, which concern every role; made only when agreed to.
    pub public: Vec<String>,
    /// GRANTs.
    pub grants: Vec<Grant>,
    /// ALTER DEFAULT PRIVILEGES: the role and schema, for a message, and the statement.
    pub defaults: Vec<String>,
}

/// Stands in a statement for the verifier, which is never printed.
const VERIFIER: &str = "PASSWORD '***'";

impl Provision {
    /// What the role lacks. `defaults` also covers tables that are added later.
    pub fn of(tenancy: &Tenancy<'_>, defaults: bool) -> Self {
        let snapshot = tenancy.snapshot;
        let name = &tenancy.settings.tenancy.app_role;
        let mut provision = Self {
            role: role(tenancy),
            grants: match tenancy.app {
                Some(app) => grants::missing(tenancy, app),
                None => grants::all(tenancy, name),
            },
            ..Self::default()
        };
        for relation in beyond(tenancy) {
            if let Some(app) = tenancy.app {
                let held = held(relation, app.oid);
                provision
                    .revokes
                    .extend(revoke(relation, &held, &ident(name)));
            }
            let held = held(relation, 0);
            provision.public.extend(revoke(relation, &held, "PUBLIC"));
        }
        for schema in snapshot.schemas.values() {
            if !tenancy.settings.tenancy.schemas.contains(&schema.name) {
                continue;
            }
            let may_create = |grantee: Oid| {
                schema.acl.as_deref().is_some_and(|acl| {
                    acl.iter()
                        .any(|item| item.privilege == Privilege::Create && item.grantee == grantee)
                })
            };
            let statement = |from: &str| {
                format!(
                    "REVOKE CREATE ON SCHEMA {} FROM {from}",
                    ident(&schema.name)
                )
            };
            if tenancy.app.is_some_and(|app| may_create(app.oid)) {
                provision.revokes.push(statement(&ident(name)));
            }
            if may_create(0) {
                provision.public.push(statement("PUBLIC"));
            }
        }
        if defaults {
            provision.defaults = default_privileges(tenancy);
        }
        provision
    }

    /// Whether a password is needed.
    pub fn creates(&self) -> bool {
        self.role
            .iter()
            .any(|statement| statement.contains(VERIFIER))
    }

    /// Whether nothing is left to do.
    pub fn is_empty(&self, with_public: bool) -> bool {
        self.statements(with_public).is_empty()
    }

    /// All statements in order, fit to be shown.
    pub fn statements(&self, with_public: bool) -> Vec<String> {
        let public = if with_public { &self.public[..] } else { &[] };
        self.role
            .iter()
            .chain(&self.revokes)
            .chain(public)
            .cloned()
            .chain(self.grants.iter().map(Grant::statement))
            .chain(self.defaults.iter().cloned())
            .collect()
    }
}

/// Puts a password's verifier into a statement of [`Provision::statements`].
pub fn with_verifier(statement: &str, verifier: &SecretString) -> String {
    let password = format!("PASSWORD {}", literal(verifier.expose_secret()));
    statement.replacen(VERIFIER, &password, 1)
}

/// `role rotate`.
pub fn rotation(role: &str) -> String {
    format!("ALTER ROLE {} {VERIFIER}", ident(role))
}

fn role(tenancy: &Tenancy<'_>) -> Vec<String> {
    let name = ident(&tenancy.settings.tenancy.app_role);
    let limit = tenancy.settings.role.connection_limit;
    match tenancy.app {
        None => vec![format!(
            "CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE \
             NOREPLICATION INHERIT CONNECTION LIMIT {limit} {VERIFIER}"
        )],
        Some(app) => attributes(app, limit)
            .map(|changes| format!("ALTER ROLE {name} {changes}"))
            .into_iter()
            .collect(),
    }
}

/// Only what differs: before PostgreSQL 16 to mention NOSUPERUSER takes a superuser.
fn attributes(app: &Role, limit: i32) -> Option<String> {
    let mut changes: Vec<String> = [
        (!app.login, "LOGIN"),
        (app.superuser, "NOSUPERUSER"),
        (app.bypass_rls, "NOBYPASSRLS"),
        (app.create_db, "NOCREATEDB"),
        (app.create_role, "NOCREATEROLE"),
        (app.replication, "NOREPLICATION"),
    ]
    .into_iter()
    .filter(|(wrong, _)| *wrong)
    .map(|(_, word)| word.to_owned())
    .collect();
    if app.connection_limit != limit {
        changes.push(format!("CONNECTION LIMIT {limit}"));
    }
    (!changes.is_empty()).then(|| changes.join(" "))
}

/// Tables on which a privilege beyond policies matters: partitions and children too.
fn beyond<'a>(tenancy: &Tenancy<'a>) -> Vec<&'a Relation> {
    let tables = tenancy.by_name();
    let mut found: Vec<&Relation> = tables
        .into_iter()
        .filter(|table| table.listed)
        .map(|table| tenancy.relation(table))
        .collect();
    found.extend(
        tenancy
            .shared
            .iter()
            .filter_map(|oid| tenancy.snapshot.relations.get(oid)),
    );
    found
}

fn held(relation: &Relation, grantee: Oid) -> Vec<&'static str> {
    let acl = relation.acl.as_deref().unwrap_or_default();
    BEYOND_POLICIES
        .into_iter()
        .filter(|what| {
            acl.iter()
                .any(|item| item.grantee == grantee && item.privilege == *what)
        })
        .map(Privilege::word)
        .collect()
}

fn revoke(relation: &Relation, held: &[&str], from: &str) -> Option<String> {
    (!held.is_empty()).then(|| {
        format!(
            "REVOKE {} ON TABLE {} FROM {from}",
            held.join(", "),
            relation.qualified()
        )
    })
}

/// For every role that owns tables in a listed schema: what it makes there later.
fn default_privileges(tenancy: &Tenancy<'_>) -> Vec<String> {
    use std::collections::BTreeSet;
    let owners: BTreeSet<(Oid, Oid)> = grants::tables(tenancy)
        .into_iter()
        .filter(|table| tenancy.tables.contains_key(&table.oid))
        .map(|table| (table.schema, table.owner))
        .filter(|(_, owner)| tenancy.app.is_none_or(|app| app.oid != *owner))
        .collect();
    let snapshot = tenancy.snapshot;
    let app = ident(&tenancy.settings.tenancy.app_role);
    let mut statements = Vec::new();
    for (schema, owner) in owners {
        let Some(found) = snapshot.schemas.get(&schema) else {
            continue;
        };
        let head = format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT",
            ident(snapshot.role_name(owner)),
            ident(&found.name)
        );
        let rows = [
            Privilege::Select,
            Privilege::Insert,
            Privilege::Update,
            Privilege::Delete,
        ];
        for (kind, wanted, what) in [
            ('r', &rows[..], "SELECT, INSERT, UPDATE, DELETE ON TABLES"),
            ('S', &[Privilege::Usage][..], "USAGE ON SEQUENCES"),
        ] {
            let has =
                |what: &Privilege| defaulted(snapshot, tenancy.app, (owner, schema), kind, *what);
            if !wanted.iter().all(has) {
                statements.push(format!("{head} {what} TO {app}"));
            }
        }
    }
    statements
}

fn defaulted(
    snapshot: &Snapshot,
    app: Option<&Role>,
    (owner, schema): (Oid, Oid),
    kind: char,
    what: Privilege,
) -> bool {
    snapshot.default_acls.iter().any(|found| {
        found.owner == owner
            && (found.schema == schema || found.schema == 0)
            && found.kind == kind
            && found.acl.iter().any(|item| {
                item.privilege == what
                    && (item.grantee == 0 || app.is_some_and(|app| app.oid == item.grantee))
            })
    })
}
