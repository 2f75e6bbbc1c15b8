//! The snapshot read through `tenantctl.toml`: which tables are tenant tables, and how.

mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Column, Constraint, ConstraintKind, Oid, Relation, Role, Snapshot};
use crate::settings::Settings;

/// What the configuration means in this database.
#[derive(Clone, Debug)]
pub struct Tenancy<'a> {
    /// The catalogs.
    pub snapshot: &'a Snapshot,
    /// The configuration.
    pub settings: &'a Settings,
    /// The application's role; `None` while it does not exist.
    pub app: Option<&'a Role>,
    /// The table of organizations.
    pub registry: &'a Relation,
    /// Every tenant table, the registry, partitions and inheritance children among them.
    pub tables: BTreeMap<Oid, TenantTable>,
    /// Reference data.
    pub shared: BTreeSet<Oid>,
}

/// A table whose rows belong to organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantTable {
    /// Identifier.
    pub oid: Oid,
    /// How a row names its organization.
    pub reach: Reach,
    /// Whether its schema is one of `[tenancy] schemas`; `plan` leaves the others alone, `audit`
    /// does not, because what the application can reach counts.
    pub listed: bool,
}

/// How a row names its organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is the organization: the registry's id column.
    Registry {
        /// `registry_id`
        column: i16,
    },
    /// By its own tenant key.
    Key {
        /// The key.
        column: i16,
    },
    /// Through a parent.
    Via {
        /// The column that leads to the parent.
        column: i16,
        /// The parent, a tenant table itself.
        parent: Oid,
        /// The column of the parent that it equals.
        parent_column: i16,
    },
}

impl Reach {
    /// The column that holds the tenant's id itself, if one does.
    pub fn key(self) -> Option<i16> {
        match self {
            Self::Registry { column } | Self::Key { column } => Some(column),
            Self::Via { .. } => None,
        }
    }
}

impl<'a> Tenancy<'a> {
    /// Reads the snapshot through the settings.
    ///
    /// # Errors
    /// A usage error where the configuration names what is not there, or where no tenant table
    /// is found: to audit nothing and call it clean would be worse than to refuse.
    pub fn resolve(snapshot: &'a Snapshot, settings: &'a Settings) -> anyhow::Result<Self> {
        resolve::resolve(snapshot, settings)
    }

    /// The relation of a tenant table.
    pub fn relation(&self, table: &TenantTable) -> &'a Relation {
        // Every oid in `tables` was taken from this snapshot.
        &self.snapshot.relations[&table.oid]
    }

    /// The column that holds the tenant's id, for a table that has one.
    pub fn key_column(&self, oid: Oid) -> Option<&'a Column> {
        let number = self.tables.get(&oid)?.reach.key()?;
        self.snapshot.relations.get(&oid)?.attribute(number)
    }

    /// Whether a foreign key of a tenant table compares its tenant key with the other table's.
    pub fn pins_tenant(&self, child: Oid, reference: &Constraint) -> bool {
        let [own, above] = [child, reference.references].map(|oid| self.key_column(oid));
        let (Some(own), Some(above)) = (own, above) else {
            return false;
        };
        let pinned = (own.number, above.number);
        reference.kind == ConstraintKind::Foreign && reference.pairs().any(|pair| pair == pinned)
    }

    /// Tenant tables in order of their names.
    pub fn by_name(&self) -> Vec<&TenantTable> {
        let mut tables: Vec<_> = self.tables.values().collect();
        tables.sort_by_cached_key(|table| {
            let relation = self.relation(table);
            (relation.schema_name.clone(), relation.name.clone())
        });
        tables
    }

    /// Tables of this database that are neither tenant tables nor shared nor an extension's.
    pub fn others(&self) -> impl Iterator<Item = &'a Relation> + '_ {
        self.snapshot.relations.values().filter(|relation| {
            relation.kind.is_table()
                && !relation.of_extension
                && !self.tables.contains_key(&relation.oid)
                && !self.shared.contains(&relation.oid)
        })
    }

    /// What `{table}` in the policy's name becomes, cut so that the whole fits an identifier.
    pub fn policy_name(&self, table: &str) -> String {
        let pattern = &self.settings.policy.name;
        let room = 63usize.saturating_sub(pattern.len() - "{table}".len().min(pattern.len()));
        let mut end = table.len().min(room);
        while !table.is_char_boundary(end) {
            end -= 1;
        }
        pattern.replace("{table}", &table[..end])
    }
}
