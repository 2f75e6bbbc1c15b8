//! Server, roles, schemas, types and settings: what does not hang on a relation.

use std::sync::Arc;

use super::{AclItem, Oid};

/// The server and the session that took the snapshot.
#[derive(Clone, Debug)]
pub struct Server {
    /// `server_version_num`, 150018 for 15.18.
    pub version_num: i32,
    /// `server_version` as the server prints it.
    pub version: String,
    /// Name of the database.
    pub database: String,
    /// The database's identifier.
    pub database_oid: Oid,
    /// Its owner.
    pub database_owner: Oid,
    /// Its access list; `None` is the default (CONNECT and TEMPORARY to PUBLIC).
    pub database_acl: Option<Arc<[AclItem]>>,
    /// Whether it is a standby.
    pub in_recovery: bool,
    /// Whether the database has a publication.
    pub publishes: bool,
    /// The role that reads.
    pub session_role: Oid,
    /// The server's date, UTC, `YYYY-MM-DD`.
    pub today: String,
}

impl Server {
    /// The major version: 15 for 15.18.
    pub fn major(&self) -> i32 {
        self.version_num / 10_000
    }
}

/// A role. `pg_roles`.
#[derive(Clone, Debug)]
pub struct Role {
    /// Identifier.
    pub oid: Oid,
    /// Name, verbatim.
    pub name: String,
    /// SUPERUSER.
    pub superuser: bool,
    /// INHERIT.
    pub inherit: bool,
    /// CREATEROLE.
    pub create_role: bool,
    /// CREATEDB.
    pub create_db: bool,
    /// LOGIN.
    pub login: bool,
    /// REPLICATION.
    pub replication: bool,
    /// BYPASSRLS.
    pub bypass_rls: bool,
    /// CONNECTION LIMIT; -1 is none.
    pub connection_limit: i32,
}

/// A membership. `pg_auth_members`.
#[derive(Clone, Copy, Debug)]
pub struct Membership {
    /// The role that is granted.
    pub role: Oid,
    /// Who it is granted to.
    pub member: Oid,
    /// WITH ADMIN OPTION.
    pub admin: bool,
    /// WITH INHERIT; `None` before PostgreSQL 16, where the member's own INHERIT decides.
    pub inherit: Option<bool>,
    /// WITH SET; `None` before PostgreSQL 16, where every member may SET ROLE.
    pub set: Option<bool>,
}

/// A schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Identifier.
    pub oid: Oid,
    /// Name, verbatim.
    pub name: String,
    /// Owner.
    pub owner: Oid,
    /// Access list; `None` is the default: nothing but the owner's.
    pub acl: Option<Arc<[AclItem]>>,
}

/// A type other than a row type.
#[derive(Clone, Debug)]
pub struct Type {
    /// As `format_type` prints it.
    pub name: String,
    /// `typtype`: b base, d domain, e enum, r range, m multirange, p pseudo.
    pub kind: char,
    /// For a domain: what it is over.
    pub base: Oid,
    /// For a domain: NOT NULL.
    pub not_null: bool,
    /// For a domain: has a CHECK or NOT NULL of its own.
    pub constrained: bool,
    /// `typcategory`: A array, N numeric, S string…
    pub category: char,
    /// For an array: its element.
    pub element: Oid,
    /// For an enum: its labels, in order.
    pub labels: Vec<String>,
}

/// ALTER ROLE/DATABASE … SET.
#[derive(Clone, Debug)]
pub struct RoleSetting {
    /// 0 is every database.
    pub database: Oid,
    /// 0 is every role.
    pub role: Oid,
    /// `name=value`.
    pub settings: Vec<String>,
}

/// An event trigger.
#[derive(Clone, Debug)]
pub struct EventTrigger {
    /// Identifier.
    pub oid: Oid,
    /// Name, verbatim.
    pub name: String,
    /// `ddl_command_end` and the like.
    pub event: String,
    /// Its function.
    pub function: Oid,
    /// `evtenabled`: `O` fires, `D` is disabled.
    pub enabled: char,
    /// WHEN TAG IN …; empty is any.
    pub tags: Vec<String>,
}

/// ALTER DEFAULT PRIVILEGES.
#[derive(Clone, Debug)]
pub struct DefaultAcl {
    /// Whose new objects.
    pub owner: Oid,
    /// In which schema; 0 is all.
    pub schema: Oid,
    /// `r` tables, `S` sequences, `f` functions, `T` types, `n` schemas.
    pub kind: char,
    /// What is granted.
    pub acl: Arc<[AclItem]>,
}
