//! Proposes a configuration by looking at a database: pure inference over a snapshot, and its text.

mod columns;
mod context;
mod infer;
mod key;
mod role;
mod scope;
mod tables;
mod words;
mod write;

pub use infer::{Hints, infer};
pub use write::write;

use crate::settings::KeyType;

/// A value, what it was seen in, and what else it could be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What is proposed, verbatim.
    pub value: String,
    /// The evidence, in words.
    pub why: String,
    /// The next best, best first.
    pub others: Vec<Note>,
}

/// Something named, and what is to be said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Verbatim.
    pub name: String,
    /// In words.
    pub why: String,
}

/// An entry of `[tables.key]` or `[tables.via]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table, `schema.name`, verbatim.
    pub table: String,
    /// The column, or the step that leads to the parent.
    pub value: String,
    /// The evidence.
    pub why: String,
}

/// What every table of the database was taken for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// How many have the tenant key.
    pub keyed: usize,
    /// `[tables] shared`.
    pub shared: Vec<Note>,
    /// `[tables.key]`.
    pub key: Vec<Entry>,
    /// `[tables.via]`.
    pub via: Vec<Entry>,
    /// What nothing speaks for.
    pub unclassified: Vec<Note>,
}

/// A whole configuration, with its evidence.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The database that was looked at.
    pub database: String,
    /// `[tenancy] key`.
    pub key: Choice,
    /// `[tenancy] key_type`.
    pub key_type: KeyType,
    /// `[tenancy] context`.
    pub context: Choice,
    /// `[tenancy] registry`.
    pub registry: Choice,
    /// `[tenancy] registry_id`.
    pub registry_id: Choice,
    /// `[tenancy] app_role`.
    pub app_role: Choice,
    /// Whether that role is there.
    pub app_role_exists: bool,
    /// `[tenancy] schemas`.
    pub schemas: Vec<String>,
    /// `[tables]`.
    pub tables: Tables,
    /// `[registry] name`.
    pub name: Option<Choice>,
    /// `[registry] slug`.
    pub slug: Option<Choice>,
    /// `[registry] active`.
    pub active: Option<Choice>,
    /// `[policy] name`.
    pub policy_name: Choice,
    /// `[policy] missing_context = "error"`: the evidence, where the policies that are there raise.
    pub raises: Option<String>,
    /// `[role] connection_limit`.
    pub connection_limit: i32,
}
