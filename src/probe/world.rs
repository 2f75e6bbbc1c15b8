//! What every attack needs to know: the tenancy, the two organizations, what the role may do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::arena::As;
use anyhow::Result;

use super::organizations::Cast;
use super::reaching::Outside;
use super::rights::{self, Rights};
use super::value::Lore;
use crate::catalog::{Oid, PolicyCommand, Relation};
use crate::finding::{Class, Operation};
use crate::session::{Session, quote};
use crate::settings::KeyType;
use crate::tenancy::{Reach, Tenancy};

/// Whether attacks may write, in transactions that are rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    Allowed,
    /// They may not, for this reason.
    Refused(String),
}

/// The unchanging part of a run.
pub(super) struct World<'a> {
    pub(super) tenancy: &'a Tenancy<'a>,
    pub(super) rights: HashMap<Oid, Rights>,
    /// The application role and every role whose privileges it has.
    pub(super) app_roles: BTreeSet<Oid>,
    /// The attacker's organization.
    pub(super) a: String,
    /// The victim.
    pub(super) b: String,
    /// More organizations to look from, B first.
    pub(super) others: Vec<String>,
    pub(super) writes: Writes,
    /// Tables and views that are not written to, because a trigger could reach outside, and why.
    pub(super) outside: BTreeMap<Oid, Outside>,
    /// What new rows have to fulfil, as far as it was asked for.
    pub(super) lore: Lore,
    /// Whether the attacker logs in, or an administrator becomes him.
    pub(super) as_login: bool,
}

impl<'a> World<'a> {
    /// Asks the server what the application role may do.
    pub(super) async fn gather(
        reading: &Session,
        tenancy: &'a Tenancy<'a>,
        cast: &Cast,
        (writes, outside, as_login): (Writes, BTreeMap<Oid, Outside>, bool),
    ) -> Result<Self> {
        let role = &tenancy.settings.tenancy.app_role;
        Ok(World {
            tenancy,
            rights: rights::load(reading, role).await?,
            app_roles: rights::roles_of(reading, role).await?,
            a: cast.a.clone(),
            b: cast.b.clone(),
            others: cast.others.clone(),
            writes,
            outside,
            lore: Lore::default(),
            as_login,
        })
    }
}

impl World<'_> {
    /// Whether a relation may be written to like this; the error is why not.
    pub(super) fn may(&self, operation: Operation, oid: Oid) -> Result<(), &str> {
        match (&self.writes, self.outside.get(&oid)) {
            (Writes::Refused(why), _) => Err(why),
            (Writes::Allowed, Some(outside)) if outside.on(operation) => Err(&outside.why),
            (Writes::Allowed, _) => Ok(()),
        }
    }

    /// The attacker's context.
    pub(super) fn as_a(&self) -> As<'_> {
        As::Context(&self.a)
    }

    /// The victim's.
    pub(super) fn as_b(&self) -> As<'_> {
        As::Context(&self.b)
    }

    pub(super) fn context(&self) -> &str {
        &self.tenancy.settings.tenancy.context
    }

    pub(super) fn app_role(&self) -> &str {
        &self.tenancy.settings.tenancy.app_role
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.tenancy.settings.tenancy.key_type
    }

    /// What the application role may do with a relation.
    pub(super) fn rights_on(&self, oid: Oid) -> &Rights {
        static NONE: Rights = Rights::none();
        self.rights.get(&oid).unwrap_or(&NONE)
    }

    /// An id that no organization has.
    pub(super) fn unknown(&self) -> &'static str {
        match self.key_type() {
            KeyType::Uuid => "7e4a4c71-ffff-4fff-8fff-fffffffffff0",
            KeyType::Bigint => "9223372036854775806",
            KeyType::Integer => "2147483646",
            KeyType::Text => "tenantctl-no-such-organization",
        }
    }

    /// Whether row-level security does not apply to the application role on this table at all.
    pub(super) fn exempt(&self, relation: &Relation) -> bool {
        let bypasses = self
            .tenancy
            .app
            .is_some_and(|role| role.superuser || role.bypass_rls);
        let owns = self.app_roles.contains(&relation.owner) && !relation.force_row_security;
        bypasses || owns || !relation.row_security
    }

    /// Whether a permissive policy lets the application role do this at all.
    pub(super) fn has_policy(&self, relation: &Relation, command: PolicyCommand) -> bool {
        self.exempt(relation)
            || relation.policies.iter().any(|policy| {
                policy.permissive
                    && (policy.command == command || policy.command == PolicyCommand::All)
                    && policy
                        .roles
                        .iter()
                        .any(|role| *role == 0 || self.app_roles.contains(role))
            })
    }

    /// What a leak of this relation is most likely due to.
    pub(super) fn class_of(&self, relation: &Relation) -> Class {
        let role = self.tenancy.app;
        if role.is_some_and(|role| role.superuser || role.bypass_rls) {
            return Class::Role;
        }
        if !relation.row_security {
            return match (relation.parents.is_empty(), relation.policies.is_empty()) {
                (false, _) => Class::Partition,
                (true, true) if !relation.force_row_security => Class::Coverage,
                _ => Class::RlsOff,
            };
        }
        if self.exempt(relation) {
            let own = role.is_some_and(|role| role.oid == relation.owner);
            return if own { Class::RlsOff } else { Class::Role };
        }
        Class::Policy
    }

    /// A condition on rows `alias` of a tenant table: they belong to this organization.
    pub(super) fn belongs(&self, oid: Oid, alias: &str, organization: &str) -> String {
        self.condition(oid, alias, &|column| {
            format!("{column} = {}", quote::literal(organization))
        })
    }

    /// A condition on rows `alias` of a tenant table: they belong to another organization, or to
    /// none.
    pub(super) fn foreign(&self, oid: Oid, alias: &str, organization: &str) -> String {
        format!("({}) is not true", self.belongs(oid, alias, organization))
    }

    fn condition(&self, oid: Oid, alias: &str, on_key: &dyn Fn(&str) -> String) -> String {
        let relation = &self.tenancy.snapshot.relations[&oid];
        let name = |of: &Relation, number: i16| {
            of.attribute(number)
                .map_or_else(String::new, |column| quote::ident(&column.name))
        };
        match self.tenancy.tables[&oid].reach {
            Reach::Registry { column } | Reach::Key { column } => {
                on_key(&format!("{alias}.{}", name(relation, column)))
            }
            Reach::Via {
                column,
                parent,
                parent_column,
            } => {
                let up = &self.tenancy.snapshot.relations[&parent];
                let inner = format!("{alias}p");
                format!(
                    "{alias}.{} in (select {inner}.{} from {} {inner} where {})",
                    name(relation, column),
                    name(up, parent_column),
                    up.qualified(),
                    self.condition(parent, &inner, on_key)
                )
            }
        }
    }
}
