//! What tenantctl remembers of its own work: the last line of an object's comment.
//!
//! `revert` undoes what such a mark tells and nothing else. A mark is data, never SQL: whoever owns
//! an object may write its comment, and `revert` may run as a superuser. It stands in the database
//! and not beside it, so that another machine can undo what this one did, and in the same
//! transaction as the change, so that neither is without the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::revoked::Revoked;
use crate::catalog::{Column, Comments, Constraint, EventTrigger, Function, Index, Oid};
use crate::catalog::{Policy, PolicyCommand, Relation};
use crate::catalog::{RelationKind, Schema, Server};
use crate::session::quote::{ident, literal, qualified};

/// What was done to one object. Whatever is empty was not done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mark {
    /// Which plan did it: [`plan_id`].
    pub plan: String,
    /// The object itself was made.
    #[serde(skip_serializing_if = "is_false")]
    pub made: bool,
    /// An index of the team's own was attached to one that was made.
    #[serde(skip_serializing_if = "is_false")]
    pub attached: bool,
    /// Row-level security was enabled.
    #[serde(skip_serializing_if = "is_false")]
    pub enabled: bool,
    /// Row-level security was forced.
    #[serde(skip_serializing_if = "is_false")]
    pub forced: bool,
    /// The column was set NOT NULL; of one that was made it is not said.
    #[serde(skip_serializing_if = "is_false")]
    pub not_null: bool,
    /// Privileges that were granted, by role.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub granted: BTreeMap<String, BTreeSet<String>>,
    /// Privileges that were taken away.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub revoked: BTreeSet<Revoked>,
    /// A view's options that were set, and what they were before.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Option<String>>,
    /// The team's policies that were dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    /// What was unique before this was, and was dropped for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// Isolation was turned off in an emergency, until `apply` runs again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
}

/// Isolation of a table that was turned off for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The role that turned it off.
    pub by: String,
    /// The day, UTC.
    pub since: String,
    /// Whether it was forced until then.
    pub forced: bool,
}

/// A policy as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// Name.
    pub name: String,
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    pub command: PolicyCommand,
    /// PERMISSIVE, or RESTRICTIVE.
    pub permissive: bool,
    /// Roles by name; none is PUBLIC.
    pub roles: Vec<String>,
    /// USING, as the server printed it.
    pub using: Option<String>,
    /// WITH CHECK, as the server printed it.
    pub check: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A unique constraint or index as it was. Only such are dropped as their columns say all about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Name.
    pub name: String,
    /// Columns by name, in order.
    pub columns: Vec<String>,
    /// Whether it was a constraint; otherwise it was an index alone.
    pub constraint: bool,
    /// The comment on the constraint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The comment on the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_comment: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Begins the line; the version follows.
const PREFIX: &str = "tenantctl ";

impl Mark {
    /// Whether there is anything to undo.
    pub fn is_empty(&self) -> bool {
        let Self { plan, .. } = self;
        *self
            == Self {
                plan: plan.clone(),
                ..Self::default()
            }
    }

    pub(super) fn line(&self) -> String {
        // It is made of texts and truths, which JSON takes.
        let data = serde_json::to_string(self).unwrap_or_default();
        format!("{PREFIX}{}: {data}", env!("CARGO_PKG_VERSION"))
    }

    fn parse(line: &str) -> Option<Self> {
        let (_, data) = line.strip_prefix(PREFIX)?.split_once(": ")?;
        serde_json::from_str(data).ok()
    }
}

/// An object that can have a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    address: (Oid, Oid, i32),
    /// As COMMENT ON names it: `TABLE public.orders`.
    sql: String,
}

/// Oids of catalogs, which never change: `pg_class.oid` of the catalogs themselves.
mod catalog {
    pub(super) const CLASS: u32 = 1259;
    pub(super) const DATABASE: u32 = 1262;
    pub(super) const EVENT_TRIGGER: u32 = 3466;
    pub(super) const CONSTRAINT: u32 = 2606;
    pub(super) const NAMESPACE: u32 = 2615;
    pub(super) const POLICY: u32 = 3256;
    pub(super) const PROC: u32 = 1255;
}

impl Place {
    /// A table, view or sequence.
    pub fn relation(relation: &Relation) -> Self {
        let kind = match relation.kind {
            RelationKind::Table | RelationKind::Partitioned => "TABLE",
            RelationKind::View => "VIEW",
            RelationKind::MaterializedView => "MATERIALIZED VIEW",
            RelationKind::ForeignTable => "FOREIGN TABLE",
            RelationKind::Sequence => "SEQUENCE",
        };
        Self {
            address: (catalog::CLASS, relation.oid, 0),
            sql: format!("{kind} {}", relation.qualified()),
        }
    }

    /// A policy that is there.
    pub fn policy(relation: &Relation, policy: &Policy) -> Self {
        Self {
            address: (catalog::POLICY, policy.oid, 0),
            ..Self::new_policy(relation, &policy.name)
        }
    }

    /// A policy that is about to be made.
    pub fn new_policy(relation: &Relation, name: &str) -> Self {
        Self {
            address: (catalog::POLICY, 0, 0),
            sql: format!("POLICY {} ON {}", ident(name), relation.qualified()),
        }
    }

    /// An index that is there.
    pub fn index(relation: &Relation, index: &Index) -> Self {
        Self {
            address: (catalog::CLASS, index.oid, 0),
            ..Self::new_index(&qualified(&relation.schema_name, &index.name))
        }
    }

    /// An index that is about to be made, by its qualified name.
    pub fn new_index(full: &str) -> Self {
        Self {
            address: (catalog::CLASS, 0, 0),
            sql: format!("INDEX {full}"),
        }
    }

    /// A function or procedure.
    pub fn function(function: &Function) -> Self {
        let kind = match function.kind {
            'p' => "PROCEDURE",
            'a' => "AGGREGATE",
            _ => "FUNCTION",
        };
        let name = qualified(&function.schema_name, &function.name);
        Self {
            address: (catalog::PROC, function.oid, 0),
            sql: format!("{kind} {name}({})", function.arguments),
        }
    }

    /// A function that is about to be made, by its qualified name and argument types.
    pub fn new_function(signature: &str) -> Self {
        Self {
            address: (catalog::PROC, 0, 0),
            sql: format!("FUNCTION {signature}"),
        }
    }

    /// An event trigger that is there.
    pub fn event_trigger(trigger: &EventTrigger) -> Self {
        Self {
            address: (catalog::EVENT_TRIGGER, trigger.oid, 0),
            ..Self::new_event_trigger(&trigger.name)
        }
    }

    /// An event trigger that is about to be made.
    pub fn new_event_trigger(name: &str) -> Self {
        Self {
            address: (catalog::EVENT_TRIGGER, 0, 0),
            sql: format!("EVENT TRIGGER {}", ident(name)),
        }
    }

    /// A constraint that is there.
    pub fn constraint(relation: &Relation, constraint: &Constraint) -> Self {
        Self {
            address: (catalog::CONSTRAINT, constraint.oid, 0),
            ..Self::new_constraint(relation, &constraint.name)
        }
    }

    /// A constraint that is about to be made.
    pub fn new_constraint(relation: &Relation, name: &str) -> Self {
        Self {
            address: (catalog::CONSTRAINT, 0, 0),
            sql: format!("CONSTRAINT {} ON {}", ident(name), relation.qualified()),
        }
    }

    /// A column that is there.
    pub fn column(relation: &Relation, column: &Column) -> Self {
        Self {
            address: (catalog::CLASS, relation.oid, i32::from(column.number)),
            ..Self::new_column(relation, &column.name)
        }
    }

    /// A column that is about to be made.
    pub fn new_column(relation: &Relation, name: &str) -> Self {
        Self {
            address: (catalog::CLASS, 0, 0),
            sql: format!("COLUMN {}.{}", relation.qualified(), ident(name)),
        }
    }

    /// A schema.
    pub fn schema(schema: &Schema) -> Self {
        Self {
            address: (catalog::NAMESPACE, schema.oid, 0),
            sql: format!("SCHEMA {}", ident(&schema.name)),
        }
    }

    /// The database that one is connected to.
    pub fn database(server: &Server) -> Self {
        Self {
            address: (catalog::DATABASE, server.database_oid, 0),
            sql: format!("DATABASE {}", ident(&server.database)),
        }
    }

    /// The object with its kind, as COMMENT ON takes it.
    pub fn object(&self) -> &str {
        &self.sql
    }

    /// The team's own text, and the mark, where there are any.
    pub fn read<'c>(&self, comments: &'c Comments) -> (Option<&'c str>, Option<Mark>) {
        let (catalog, object, column) = self.address;
        let Some(text) = comments.on(catalog, object, column) else {
            return (None, None);
        };
        let (own, line) = match text.rsplit_once('\n') {
            Some((own, line)) => (Some(own), line),
            None => (None, text),
        };
        match Mark::parse(line) {
            Some(mark) => (own, Some(mark)),
            None => (Some(text), None),
        }
    }

    /// The statement that leaves the team's text and this mark.
    pub fn write(&self, own: Option<&str>, mark: Option<&Mark>) -> String {
        let line = mark.filter(|mark| !mark.is_empty()).map(Mark::line);
        let text = match (own, line) {
            (None, None) => return format!("COMMENT ON {} IS NULL", self.sql),
            (Some(own), None) => own.to_owned(),
            (None, Some(line)) => line,
            (Some(own), Some(line)) => format!("{own}\n{line}"),
        };
        format!("COMMENT ON {} IS {}", self.sql, literal(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            address: (catalog::CLASS, 7, 0),
            sql: "TABLE t".to_owned(),
        }
    }

    fn comments(text: &str) -> Comments {
        Comments::made_up([((catalog::CLASS, 7, 0), text.to_owned())])
    }

    fn mark() -> Mark {
        let privileges = BTreeSet::from(["SELECT".to_owned()]);
        Mark {
            plan: "ab".to_owned(),
            enabled: true,
            granted: BTreeMap::from([("o'app".to_owned(), privileges)]),
            ..Mark::default()
        }
    }

    #[test]
    fn the_teams_own_text_stays_above_the_mark() {
        let line = mark().line();
        for own in [None, Some("orders,\nof all kinds")] {
            let text = own.map_or(line.clone(), |own| format!("{own}\n{line}"));
            let comments = comments(&text);
            assert_eq!(place().read(&comments), (own, Some(mark())));
            let quoted = place().write(own, Some(&mark()));
            assert!(
                quoted.ends_with(&format!("{}'", line.replace('\'', "''"))),
                "{quoted}"
            );
        }
        assert_eq!(place().write(None, None), "COMMENT ON TABLE t IS NULL");
        assert_eq!(place().write(Some("a"), None), "COMMENT ON TABLE t IS 'a'");
    }

    #[test]
    fn what_only_looks_like_a_mark_is_the_teams() {
        for text in [
            "tenantctl 0.1.0: soon",
            "tenantctl 0.1.0: {\"sql\":\"drop table t\"}",
            "made by tenantctl",
        ] {
            assert_eq!(place().read(&comments(text)), (Some(text), None));
        }
    }

    #[test]
    fn a_mark_that_tells_of_nothing_is_not_written() {
        let empty = Mark {
            plan: "ab".to_owned(),
            ..Mark::default()
        };
        assert_eq!(
            place().write(None, Some(&empty)),
            "COMMENT ON TABLE t IS NULL"
        );
    }
}
