//! One merged, validated set of choices: command line over `tenantctl.toml` over defaults.

mod file;
mod load;
mod validate;

use std::collections::BTreeMap;

pub use load::{Overrides, load};

/// Everything that `tenantctl.toml` says, validated; names are verbatim, not SQL-quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which column names a row's tenant, and where tenants are kept.
    pub tenancy: Tenancy,
    /// Tables that are special.
    pub tables: Tables,
    /// The registry's columns.
    pub registry: Registry,
    /// How policies are written.
    pub policy: Policy,
    /// What a writing probe must keep away from.
    pub probe: Probe,
    /// The application role's attributes.
    pub role: Role,
    /// Findings that were looked at and accepted.
    pub allow: Vec<Allow>,
}

/// `[tenancy]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenancy {
    /// Column that names a row's tenant.
    pub key: String,
    /// Type of that column, a domain over it counts as it.
    pub key_type: KeyType,
    /// Setting that carries the current tenant.
    pub context: String,
    /// Table of tenants, `schema.table`.
    pub registry: String,
    /// Its tenant id column.
    pub registry_id: String,
    /// The application's login role.
    pub app_role: String,
    /// Where tenant tables live.
    pub schemas: Vec<String>,
}

/// The types that a tenant key may have.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// `uuid`
    Uuid,
    /// `bigint`
    Bigint,
    /// `integer`
    Integer,
    /// `text`; `varchar` counts as it.
    Text,
}

impl KeyType {
    /// PostgreSQL's name, for a cast.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Bigint => "bigint",
            Self::Integer => "integer",
            Self::Text => "text",
        }
    }
}

/// `[tables]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Reference data: not tenant tables.
    pub shared: Vec<String>,
    /// Tables whose tenant key has another name: table to column.
    pub key: BTreeMap<String, String>,
    /// Child tables without the key: table to the step that leads to its parent.
    pub via: BTreeMap<String, Via>,
}

/// `order_id -> public.orders.id`: how a row without the key reaches its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The child's column.
    pub column: String,
    /// `schema.table.column`, verbatim; which dot separates what is decided against the catalog.
    pub parent: String,
}

impl Via {
    /// Reads `column -> schema.table.column`.
    pub fn parse(step: &str) -> Option<Self> {
        let (column, parent) = step.split_once("->")?;
        let (column, parent) = (column.trim(), parent.trim());
        let well_formed = !column.is_empty() && parent.matches('.').count() >= 2;
        well_formed.then(|| Self {
            column: column.into(),
            parent: parent.into(),
        })
    }
}

/// `[registry]`: columns that `org` reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// The organization's name.
    pub name: Option<String>,
    /// Its slug.
    pub slug: Option<String>,
    /// Whether it is active; boolean.
    pub active: Option<String>,
}

/// `[policy]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The policy's name; `{table}` stands for the table's.
    pub name: String,
    /// Whether a RESTRICTIVE guard TO PUBLIC is added.
    pub guard: bool,
    /// What happens without a context.
    pub missing_context: MissingContext,
    /// How the setting is read.
    pub form: PolicyForm,
}

/// `[policy] missing_context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingContext {
    /// No rows.
    Deny,
    /// The statement raises.
    Error,
}

/// `[policy] form`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyForm {
    /// `(SELECT …)`: computed once a statement.
    Subselect,
    /// Bare: for Citus and CockroachDB, which refuse sub-selects in policies.
    Plain,
}

/// `[probe]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Glob patterns of database or host names that a writing probe must not touch.
    pub refuse: Vec<String>,
}

/// `[role]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// CONNECTION LIMIT of the application role; -1 is none.
    pub connection_limit: i32,
}

/// `[[allow]]`: a finding that was looked at and accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The check's id.
    pub check: String,
    /// The finding's object; without quotes it matches too.
    pub object: String,
    /// Why it is accepted.
    pub reason: String,
    /// `YYYY-MM-DD`; from the day after it hides nothing.
    pub expires: Option<String>,
}
