//! The typed rows of `pg_catalog` that tenantctl reasons about.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::cluster::{
    DefaultAcl, EventTrigger, Membership, Role, RoleSetting, Schema, Server, Type,
};
use super::{AclItem, Oid, Privilege};
use crate::session::quote;

/// Everything that was read, at one moment, from one database.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Where and when it was taken.
    pub server: Server,
    /// All roles of the cluster.
    pub roles: BTreeMap<Oid, Role>,
    /// Who is a member of what.
    pub memberships: Vec<Membership>,
    /// Schemas other than PostgreSQL's own.
    pub schemas: BTreeMap<Oid, Schema>,
    /// Tables, views, sequences and foreign tables in those schemas.
    pub relations: BTreeMap<Oid, Relation>,
    /// Functions and procedures in those schemas.
    pub functions: BTreeMap<Oid, Function>,
    /// Types other than row types.
    pub types: HashMap<Oid, Type>,
    /// ALTER ROLE/DATABASE … SET that concern this database.
    pub role_settings: Vec<RoleSetting>,
    /// ALTER DEFAULT PRIVILEGES.
    pub default_acls: Vec<DefaultAcl>,
    /// Event triggers.
    pub event_triggers: Vec<EventTrigger>,
    /// (schema, name) to relation.
    pub(super) by_name: HashMap<(String, String), Oid>,
}

/// `pg_class.relkind`, the kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// An ordinary table.
    Table,
    /// A partitioned table: `relkind` p, where the policies live.
    Partitioned,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// A sequence.
    Sequence,
}

impl RelationKind {
    /// Whether ENABLE ROW LEVEL SECURITY is possible.
    pub fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Partitioned)
    }

    /// For messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Partitioned => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::Sequence => "sequence",
        }
    }
}

/// A table, view, sequence or foreign table with all that hangs on it.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Identifier.
    pub oid: Oid,
    /// Schema.
    pub schema: Oid,
    /// The schema's name, verbatim.
    pub schema_name: Arc<str>,
    /// Name, verbatim.
    pub name: String,
    /// Kind.
    pub kind: RelationKind,
    /// Owner.
    pub owner: Oid,
    /// Has a rule ON INSERT or ON UPDATE, also one that refers to nothing.
    pub rewritten: bool,
    /// ENABLE ROW LEVEL SECURITY.
    pub row_security: bool,
    /// FORCE ROW LEVEL SECURITY.
    pub force_row_security: bool,
    /// Is attached as a partition.
    pub is_partition: bool,
    /// UNLOGGED.
    pub unlogged: bool,
    /// A view's `security_invoker`, PostgreSQL 15.
    pub security_invoker: bool,
    /// A view's `security_barrier`.
    pub security_barrier: bool,
    /// A view's WITH CHECK OPTION.
    pub check_option: Option<CheckOption>,
    /// A view's options as they were written, `security_invoker=off`.
    pub options: Vec<String>,
    /// What may be done through a view without triggers: a bit mask, 4 UPDATE, 8 INSERT, 16 DELETE.
    /// `pg_relation_is_updatable`.
    pub updatable: i32,
    /// Belongs to an extension.
    pub of_extension: bool,
    /// `reltuples`: an estimate; -1 is never analysed.
    pub estimated_rows: f32,
    /// Access list; `None` is the default: nothing but the owner's.
    pub acl: Option<Arc<[AclItem]>>,
    /// Columns by attribute number.
    pub columns: Vec<Column>,
    /// Policies by name.
    pub policies: Vec<Policy>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// Primary, unique, foreign, exclusion and check constraints.
    pub constraints: Vec<Constraint>,
    /// Triggers other than PostgreSQL's own.
    pub triggers: Vec<Trigger>,
    /// Partitioned table, or tables by INHERITS, that this is a child of.
    pub parents: Vec<Oid>,
    /// Its rules, a view's SELECT rule among them.
    pub rules: Vec<Rule>,
    /// A view's query, as the server prints it.
    pub definition: Option<String>,
    /// For a sequence: the (relation, attribute number) that owns it.
    pub owned_by: Option<(Oid, i16)>,
}

/// WITH CHECK OPTION of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOption {
    /// Its own conditions hold for what is written through it.
    Local,
    /// Its own, and those of every view below it.
    Cascaded,
}

impl Relation {
    /// The value of a view's option, where it is set.
    pub fn option(&self, name: &str) -> Option<&str> {
        let mut options = self.options.iter();
        options.find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }

    /// Schema-qualified, quoted where PostgreSQL would.
    pub fn qualified(&self) -> String {
        quote::qualified(&self.schema_name, &self.name)
    }

    /// Schema and name joined by a dot, verbatim: the spelling of `tenantctl.toml`.
    pub fn verbatim(&self) -> String {
        format!("{}.{}", self.schema_name, self.name)
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The constraint that an index of the table backs, which has its name.
    pub fn constraint_of(&self, index: &Index) -> Option<&Constraint> {
        use ConstraintKind::{Exclusion, Primary, Unique};
        let backed = |kind| [Primary, Unique, Exclusion].contains(&kind);
        let mut constraints = self.constraints.iter();
        constraints.find(|found| found.name == index.name && backed(found.kind))
    }

    /// Indexes by which these columns, in any order, are unique in every row.
    pub fn unique_on(&self, columns: &[i16]) -> impl Iterator<Item = &Index> + use<'_> {
        let wanted: BTreeSet<i16> = columns.iter().copied().collect();
        self.indexes.iter().filter(move |index| {
            index.unique
                && index.usable
                && !index.partial
                && index.expressions.is_none()
                && index.columns.len() == wanted.len()
                && index.columns.iter().all(|column| wanted.contains(column))
        })
    }

    /// Whether the server checks an index at the end of a transaction only.
    pub fn defers(&self, index: &Index) -> bool {
        self.constraint_of(index)
            .is_some_and(|found| found.deferrable)
    }

    /// The column of that attribute number.
    pub fn attribute(&self, number: i16) -> Option<&Column> {
        self.columns.iter().find(|column| column.number == number)
    }
}

/// A column. `pg_attribute`.
#[derive(Clone, Debug)]
pub struct Column {
    /// `attnum`.
    pub number: i16,
    /// Name, verbatim.
    pub name: String,
    /// Type.
    pub type_oid: Oid,
    /// `atttypmod`, -1 is none.
    pub type_mod: i32,
    /// NOT NULL on the column itself; a domain may say so too.
    pub not_null: bool,
    /// Has a DEFAULT or is generated.
    pub has_default: bool,
    /// GENERATED ALWAYS AS IDENTITY (`a`) or BY DEFAULT (`d`).
    pub identity: Option<char>,
    /// GENERATED ALWAYS AS (…).
    pub generated: bool,
    /// Column privileges.
    pub acl: Option<Arc<[AclItem]>>,
}

impl Column {
    /// A column of no table, for what makes values: a parameter takes them, too.
    pub fn of_type(type_oid: Oid) -> Self {
        Self {
            number: 0,
            name: String::new(),
            type_oid,
            type_mod: -1,
            not_null: true,
            has_default: false,
            identity: None,
            generated: false,
            acl: None,
        }
    }
}

/// `pg_policy.polcmd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PolicyCommand {
    /// FOR ALL
    All,
    /// FOR SELECT
    Select,
    /// FOR INSERT
    Insert,
    /// FOR UPDATE
    Update,
    /// FOR DELETE
    Delete,
}

impl PolicyCommand {
    /// As CREATE POLICY writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A policy. `pg_policy`.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Identifier.
    pub oid: Oid,
    /// Name, verbatim.
    pub name: String,
    /// Command.
    pub command: PolicyCommand,
    /// PERMISSIVE, or RESTRICTIVE.
    pub permissive: bool,
    /// The roles it is TO; 0 is PUBLIC.
    pub roles: Vec<Oid>,
    /// USING, as the server prints it.
    pub using: Option<String>,
    /// WITH CHECK, as the server prints it; where it is missing, USING counts.
    pub check: Option<String>,
}

/// An index. `pg_index`.
#[derive(Clone, Debug)]
pub struct Index {
    /// Identifier.
    pub oid: Oid,
    /// Name, verbatim.
    pub name: String,
    /// Access method.
    pub method: String,
    /// UNIQUE.
    pub unique: bool,
    /// Backs the primary key.
    pub primary: bool,
    /// Backs an exclusion constraint.
    pub exclusion: bool,
    /// `indisvalid and indisready`.
    pub usable: bool,
    /// Key columns (without INCLUDE): attribute numbers, 0 for an expression.
    pub columns: Vec<i16>,
    /// Has a WHERE.
    pub partial: bool,
    /// Its expressions, as the server prints them.
    pub expressions: Option<String>,
    /// The index of the partitioned table that it is attached to.
    pub parent: Option<Oid>,
    /// UNIQUE, not the primary key's, and nothing more than its columns say: default order, operator
    /// classes and collations, no INCLUDE, no storage options, NULLs distinct, and not what
    /// replication or CLUSTER goes by. One like it can be built anew.
    pub plain_unique: bool,
}

/// `pg_constraint.contype`, the kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConstraintKind {
    /// PRIMARY KEY
    Primary,
    /// UNIQUE
    Unique,
    /// FOREIGN KEY
    Foreign,
    /// EXCLUDE
    Exclusion,
    /// CHECK
    Check,
}

/// A constraint. `pg_constraint`.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Identifier.
    pub oid: Oid,
    /// Name, verbatim.
    pub name: String,
    /// Kind.
    pub kind: ConstraintKind,
    /// Its columns; empty for an expression.
    pub columns: Vec<i16>,
    /// A foreign key's other table, else 0.
    pub references: Oid,
    /// The columns there, in the order of `columns`.
    pub referenced_columns: Vec<i16>,
    /// `confdeltype`: `c` is CASCADE, `n` SET NULL, `d` SET DEFAULT.
    pub on_delete: char,
    /// `confupdtype`: the same.
    pub on_update: char,
    /// VALID.
    pub validated: bool,
    /// DEFERRABLE.
    pub deferrable: bool,
}

impl Constraint {
    /// Of a foreign key: its columns, each with the one of the other table that it equals.
    pub fn pairs(&self) -> impl Iterator<Item = (i16, i16)> + '_ {
        let to = self.referenced_columns.iter().copied();
        self.columns.iter().copied().zip(to)
    }
}

/// A trigger.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Name, verbatim.
    pub name: String,
    /// Its function.
    pub function: Oid,
    /// `tgtype`, a bit mask: 1 ROW, 2 BEFORE, 4 INSERT, 8 DELETE, 16 UPDATE, 32 TRUNCATE, 64 INSTEAD.
    pub flags: i16,
    /// `tgenabled`: `D` is disabled.
    pub enabled: char,
    /// Names of its transition tables: the rows that the statement changed.
    pub transition: Vec<String>,
}

/// A rule of a relation.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Identifier.
    pub oid: Oid,
    /// Name; `_RETURN` is a view's own.
    pub name: String,
    /// `ev_type`: 1 SELECT, 2 UPDATE, 3 INSERT, 4 DELETE.
    pub event: char,
    /// Relations that its query or action refers to.
    pub refers_to: Vec<Oid>,
    /// CREATE RULE as the server prints it; a view's own query is the view's definition.
    pub definition: Option<String>,
}

/// A function or procedure. `pg_proc`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Identifier.
    pub oid: Oid,
    /// The schema.
    pub schema: Oid,
    /// Its name, verbatim.
    pub schema_name: Arc<str>,
    /// Name, verbatim.
    pub name: String,
    /// Identity arguments with names and modes, as ALTER FUNCTION takes them.
    pub arguments: String,
    /// Argument types only.
    pub argument_types: String,
    /// How many of the last arguments have a default.
    pub defaults: usize,
    /// A default, a domain, a constraint or an operator calls it: no USAGE on its schema is needed there.
    pub used_by_catalog: bool,
    /// For an aggregate, the functions that it is made of; they are called without EXECUTE on them.
    pub aggregates: Vec<Oid>,
    /// Those defaults, as the server prints them.
    pub default_values: Option<String>,
    /// Owner.
    pub owner: Oid,
    /// `prokind`: f, p, a, w.
    pub kind: char,
    /// Language.
    pub language: String,
    /// SECURITY DEFINER.
    pub security_definer: bool,
    /// LEAKPROOF.
    pub leakproof: bool,
    /// `provolatile`: i, s, v.
    pub volatility: char,
    /// SET clauses, `name=value`.
    pub config: Vec<String>,
    /// Access list; `None` is the default: EXECUTE to PUBLIC.
    pub acl: Option<Arc<[AclItem]>>,
    /// Return type.
    pub returns: Oid,
    /// RETURNS SETOF or TABLE.
    pub returns_set: bool,
    /// COST.
    pub cost: f32,
    /// Its source: the text, or what the server prints of a parsed SQL body.
    pub body: String,
    /// Belongs to an extension.
    pub of_extension: bool,
}

impl Function {
    /// Whether it can be called with that many arguments; `pg_proc.pronargs`, `pronargdefaults`.
    pub fn takes(&self, arguments: usize) -> bool {
        let all = match self.argument_types.is_empty() {
            true => 0,
            false => self.argument_types.split(", ").count(),
        };
        (all.saturating_sub(self.defaults)..=all).contains(&arguments)
    }

    /// `schema.name(types)`, quoted where PostgreSQL would.
    pub fn signature(&self) -> String {
        format!(
            "{}({})",
            quote::qualified(&self.schema_name, &self.name),
            self.argument_types
        )
    }
}

impl Snapshot {
    /// The relation of that schema and name, verbatim.
    pub fn find(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.by_name
            .get(&(schema.to_owned(), name.to_owned()))
            .and_then(|oid| self.relations.get(oid))
    }

    /// The relation that `tenantctl.toml` spells `schema.name`; either may hold dots.
    pub fn find_verbatim(&self, qualified: &str) -> Option<&Relation> {
        qualified
            .match_indices('.')
            .find_map(|(dot, _)| self.find(&qualified[..dot], &qualified[dot + 1..]))
    }

    /// The role of that name.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.name == name)
    }

    /// A role's name, for a message; `PUBLIC` for 0.
    pub fn role_name(&self, oid: Oid) -> &str {
        match self.roles.get(&oid) {
            Some(role) => &role.name,
            None if oid == 0 => "PUBLIC",
            None => "a role that is gone",
        }
    }

    /// Children of a relation, one level, by oid.
    pub fn children(&self, parent: Oid) -> impl Iterator<Item = &Relation> {
        self.relations
            .values()
            .filter(move |relation| relation.parents.contains(&parent))
    }

    /// A type with its domains peeled off.
    pub fn base_type(&self, mut oid: Oid) -> Oid {
        for _ in 0..64 {
            match self.types.get(&oid) {
                Some(found) if found.kind == 'd' => oid = found.base,
                _ => break,
            }
        }
        oid
    }

    /// Whether one of `roles` (PUBLIC is implied) holds a privilege on a whole relation, by grant.
    /// Ownership is not looked at, nor predefined roles.
    pub fn granted(&self, relation: &Relation, roles: &BTreeSet<Oid>, what: Privilege) -> bool {
        holds(relation.acl.as_deref(), roles, what)
    }
}

/// Whether `roles`, or PUBLIC, hold `what` in an access list.
pub fn holds(acl: Option<&[AclItem]>, roles: &BTreeSet<Oid>, what: Privilege) -> bool {
    acl.is_some_and(|items| {
        items.iter().any(|item| {
            item.privilege == what && (item.grantee == 0 || roles.contains(&item.grantee))
        })
    })
}
