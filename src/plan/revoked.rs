//! Privileges that were taken away, as they were.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::preflight::acts_as;
use crate::catalog::{Oid, Privilege, Snapshot};
use crate::session::quote::ident;

/// What one role, or PUBLIC, held by the owner's grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// The role; none is PUBLIC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// By the names that GRANT has for them.
    pub privileges: BTreeSet<String>,
    /// On these columns; none is the whole object.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub columns: BTreeSet<String>,
    /// WITH GRANT OPTION.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grantable: bool,
    /// Not on the object, but on tables that this role creates later: in the schema that has the
    /// mark, or anywhere, where the database has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_tables_of: Option<String>,
}

/// A role as GRANT names it.
fn named(role: Option<&str>) -> String {
    role.map_or_else(|| "PUBLIC".to_owned(), ident)
}

impl Revoked {
    /// A comment is anybody's text: only words that are privileges become SQL.
    fn words(&self) -> Vec<&str> {
        let words = self.privileges.iter().map(String::as_str);
        words
            .filter(|word| Privilege::parse(word) != Privilege::Other)
            .collect()
    }

    /// The statement that gives it back; none where there is nobody any more to give it to. `on` is
    /// the object as GRANT names it, `schema` the one that has the mark.
    pub fn grant(&self, snapshot: &Snapshot, on: &str, schema: Option<&str>) -> Option<String> {
        let gone = |role: &Option<String>| {
            let role = role.as_deref();
            role.is_some_and(|role| snapshot.role(role).is_none())
        };
        let words = self.words();
        if words.is_empty() || gone(&self.from) || gone(&self.new_tables_of) {
            return None;
        }
        let columns: Vec<String> = self.columns.iter().map(|name| ident(name)).collect();
        let what: Vec<String> = words
            .iter()
            .map(|word| match columns.is_empty() {
                true => (*word).to_owned(),
                false => format!("{word} ({})", columns.join(", ")),
            })
            .collect();
        let (head, on) = self.place(on, schema);
        let option = match self.grantable {
            true => " WITH GRANT OPTION",
            false => "",
        };
        Some(format!(
            "{head}GRANT {} ON {on} TO {}{option}",
            what.join(", "),
            named(self.from.as_deref())
        ))
    }

    fn place<'o>(&self, on: &'o str, schema: Option<&str>) -> (String, &'o str) {
        match &self.new_tables_of {
            None => (String::new(), on),
            Some(owner) => (new_tables(owner, schema), "TABLES"),
        }
    }
}

/// `ALTER DEFAULT PRIVILEGES FOR ROLE … IN SCHEMA … `.
fn new_tables(owner: &str, schema: Option<&str>) -> String {
    let within = schema.map_or_else(String::new, |schema| {
        format!("IN SCHEMA {} ", ident(schema))
    });
    format!(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {} {within}",
        ident(owner)
    )
}

/// Whether what the owner of a schema or database says of another role's default privileges is to be
/// believed: comments are anybody's who owns the object, and `revert` may run as a superuser.
pub(super) fn speaks_for(snapshot: &Snapshot, owner: Oid, role: &str) -> bool {
    let implied = snapshot.role_name(owner) == "pg_database_owner";
    let owner = if implied {
        snapshot.server.database_owner
    } else {
        owner
    };
    let acts = acts_as(snapshot, owner);
    snapshot
        .roles
        .get(&owner)
        .is_some_and(|role| role.superuser)
        || snapshot
            .role(role)
            .is_some_and(|role| acts.contains(&role.oid))
}

/// The statements that take all of it away, one a role. Taken from the whole object, a privilege is
/// gone from its columns as well; the option to grant it goes with it.
pub(super) fn revokes(all: &[Revoked], on: &str, schema: Option<&str>) -> Vec<String> {
    let mut by_role: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for one in all {
        let key = (one.new_tables_of.as_deref(), one.from.as_deref());
        by_role.entry(key).or_default().extend(one.words());
    }
    by_role
        .into_iter()
        .map(|((owner, from), words)| {
            let words: Vec<&str> = words.into_iter().collect();
            let (head, on) = match owner {
                None => (String::new(), on),
                Some(owner) => (new_tables(owner, schema), "TABLES"),
            };
            let words = words.join(", ");
            format!("{head}REVOKE {words} ON {on} FROM {}", named(from))
        })
        .collect()
}
