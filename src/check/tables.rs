//! Which tenant tables a check is asked about, and whether it is asked at all.

use super::keys;
use crate::catalog::{
    AclItem, Oid, PolicyCommand, Privilege, Relation, RelationKind, Role, Snapshot,
};
use crate::tenancy::{Reach, Tenancy, TenantTable};

/// A fact that the snapshot already holds and that everything the check can find presupposes. Of
/// 10,000 tables most are out of the question for most checks, and the server need not look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Every tenant table.
    All,
    /// The privilege was granted to somebody beside the owner, on the table or on a column.
    Granted(Privilege),
    /// The tenant key is not NOT NULL by itself.
    NullableKey,
    /// The tenant key has a default.
    DefaultedKey,
    /// The tenant key's type is not that of the registry's id.
    KeyOfAnotherType,
    /// No whole, valid index begins with the tenant key.
    KeyNotLeading,
    /// No permissive policy names the application's role or PUBLIC for every command.
    NotOpenToApp,
    /// A policy names neither the application's role nor PUBLIC.
    ForOtherRoles,
    /// A column holds oids, which may be those of large objects.
    HoldingOids,
}

/// A kind of object without which the check cannot find anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Functions or procedures that are not PostgreSQL's own.
    Functions,
    /// Sequences.
    Sequences,
    /// ALTER DEFAULT PRIVILEGES.
    DefaultPrivileges,
    /// ALTER ROLE or DATABASE … SET.
    RoleSettings,
    /// Publications.
    Publications,
    /// CREATE on a schema, granted to another one than its owner.
    CreateGranted,
    /// Somebody beside the application who is bound by policies, and owns a tenant table or was
    /// granted something on one.
    OthersLetIn,
    /// An application's role that has the attribute itself.
    AppRole(Attribute),
    /// A tenant key from which no chain of foreign keys leads to the registry.
    UnrootedKey,
    /// A foreign key between tenant tables that leaves the tenant key out.
    ReferenceWithoutKey,
    /// Something unique without the tenant key, other than a random primary key.
    UniqueWithoutKey,
    /// An application's role that owns the database or a schema, or is a member of any role.
    AppRoleOwning,
}

/// What CREATE ROLE gives a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// SUPERUSER
    Superuser,
    /// BYPASSRLS
    BypassRls,
    /// CREATEROLE
    CreateRole,
    /// REPLICATION
    Replication,
}

impl Needs {
    /// The header's word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "functions" => Self::Functions,
            "sequences" => Self::Sequences,
            "default privileges" => Self::DefaultPrivileges,
            "role settings" => Self::RoleSettings,
            "publications" => Self::Publications,
            "create on a schema granted" => Self::CreateGranted,
            "unrooted key" => Self::UnrootedKey,
            "reference without the key" => Self::ReferenceWithoutKey,
            "unique without the key" => Self::UniqueWithoutKey,
            "others let in" => Self::OthersLetIn,
            "superuser" => Self::AppRole(Attribute::Superuser),
            "bypassrls" => Self::AppRole(Attribute::BypassRls),
            "createrole" => Self::AppRole(Attribute::CreateRole),
            "replication" => Self::AppRole(Attribute::Replication),
            "owner or member" => Self::AppRoleOwning,
            _ => return None,
        })
    }

    /// Whether there are any.
    pub fn met(self, tenancy: &Tenancy<'_>) -> bool {
        let snapshot = tenancy.snapshot;
        match self {
            Self::Functions => !snapshot.functions.is_empty(),
            Self::Sequences => snapshot
                .relations
                .values()
                .any(|relation| relation.kind == RelationKind::Sequence),
            Self::DefaultPrivileges => !snapshot.default_acls.is_empty(),
            Self::RoleSettings => !snapshot.role_settings.is_empty(),
            Self::Publications => snapshot.server.publishes,
            Self::CreateGranted => {
                snapshot.schemas.values().any(|schema| {
                    schema.acl.iter().flat_map(|acl| acl.iter()).any(|item| {
                        item.privilege == Privilege::Create && item.grantee != schema.owner
                    })
                })
            }
            Self::UnrootedKey => keys::unrooted(tenancy),
            Self::ReferenceWithoutKey => keys::left_out_of_a_reference(tenancy),
            Self::UniqueWithoutKey => keys::left_out_of_a_unique_index(tenancy),
            Self::OthersLetIn => others_let_in(tenancy),
            Self::AppRole(attribute) => tenancy.app.is_some_and(|app| attribute.of(app)),
            Self::AppRoleOwning => tenancy
                .app
                .is_some_and(|app| owns_or_joins(snapshot, app.oid)),
        }
    }
}

impl Attribute {
    fn of(self, role: &Role) -> bool {
        match self {
            Self::Superuser => role.superuser,
            Self::BypassRls => role.bypass_rls,
            Self::CreateRole => role.create_role,
            Self::Replication => role.replication,
        }
    }
}

fn others_let_in(tenancy: &Tenancy<'_>) -> bool {
    let app = tenancy.app.map(|app| app.oid);
    let bound = |oid: Oid| {
        let role = tenancy.snapshot.roles.get(&oid);
        Some(oid) != app && role.is_some_and(|role| !role.superuser && !role.bypass_rls)
    };
    let mut listed = tenancy.tables.values().filter(|table| table.listed);
    listed.any(|table| {
        let relation = tenancy.relation(table);
        bound(relation.owner) || lists(relation).any(|item| bound(item.grantee))
    })
}

fn owns_or_joins(snapshot: &Snapshot, role: Oid) -> bool {
    snapshot.server.database_owner == role
        || snapshot.schemas.values().any(|schema| schema.owner == role)
        || snapshot.memberships.iter().any(|held| held.member == role)
}

/// `oid` in `pg_type`; the numbers of built-in types never change.
const OID: Oid = 26;

impl Tables {
    /// The header's word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "references granted" => Self::Granted(Privilege::References),
            "truncate granted" => Self::Granted(Privilege::Truncate),
            "trigger granted" => Self::Granted(Privilege::Trigger),
            "nullable key" => Self::NullableKey,
            "defaulted key" => Self::DefaultedKey,
            "key of another type" => Self::KeyOfAnotherType,
            "key not leading an index" => Self::KeyNotLeading,
            "not open to the application" => Self::NotOpenToApp,
            "policies for other roles" => Self::ForOtherRoles,
            "holding oids" => Self::HoldingOids,
            _ => return None,
        })
    }

    /// Whether the check could have something to say about the table.
    pub fn take(self, tenancy: &Tenancy<'_>, table: &TenantTable) -> bool {
        let relation = tenancy.relation(table);
        let key = tenancy.key_column(table.oid);
        match self {
            Self::All => true,
            Self::Granted(privilege) => granted(relation, privilege),
            Self::NullableKey => key.is_some_and(|key| !key.not_null),
            Self::DefaultedKey => key.is_some_and(|key| key.has_default),
            Self::KeyOfAnotherType => {
                let id = tenancy.key_column(tenancy.registry.oid);
                key.is_some_and(|key| id.is_none_or(|id| id.type_oid != key.type_oid))
            }
            Self::KeyNotLeading => match table.reach {
                Reach::Via { .. } => false,
                Reach::Registry { column } | Reach::Key { column } => !leads(relation, column),
            },
            Self::NotOpenToApp => !relation.policies.iter().any(|policy| {
                policy.permissive
                    && policy.command == PolicyCommand::All
                    && names_app(tenancy, &policy.roles)
            }),
            Self::ForOtherRoles => relation
                .policies
                .iter()
                .any(|policy| !names_app(tenancy, &policy.roles)),
            Self::HoldingOids => relation
                .columns
                .iter()
                .any(|column| tenancy.snapshot.base_type(column.type_oid) == OID),
        }
    }
}

fn granted(relation: &Relation, privilege: Privilege) -> bool {
    lists(relation).any(|item| item.privilege == privilege && item.grantee != relation.owner)
}

/// What was granted on a table and on its columns.
fn lists(relation: &Relation) -> impl Iterator<Item = &AclItem> {
    let columns = relation
        .columns
        .iter()
        .filter_map(|column| column.acl.as_ref());
    let lists = relation.acl.iter().chain(columns);
    lists.flat_map(|acl| acl.iter())
}

fn leads(relation: &Relation, key: i16) -> bool {
    relation
        .indexes
        .iter()
        .any(|index| index.usable && !index.partial && index.columns.first() == Some(&key))
}

/// Whether the policy is sure to apply to the application: it is TO its very role or to PUBLIC.
fn names_app(tenancy: &Tenancy<'_>, roles: &[Oid]) -> bool {
    let app = tenancy.app.map(|app| app.oid);
    roles.iter().any(|role| *role == 0 || Some(*role) == app)
}
