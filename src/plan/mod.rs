//! What has to change so that isolation holds: desired state minus the catalogs, as data.
//!
//! [`Plan::make`] is pure: it takes a snapshot and returns [`Change`]s. [`apply`] makes them, and
//! `report::plan` prints them; both use the same statements.

pub mod add_key;
pub mod apply;
mod attempt;
mod blocker;
mod constraints;
pub mod emergency;
mod exclusive;
mod expression;
mod extras;
mod foreign_key;
mod free;
mod held;
mod hindered;
mod index;
mod isolate;
pub mod journal;
mod lockout;
mod mark;
mod named;
mod names;
mod not_null;
mod outlook;
mod policies;
mod preflight;
mod privileges;
mod proposals;
pub mod rehearsal;
pub mod revert;
mod revoked;
mod rights;
mod unique;
mod views;
pub mod watchdog;
mod work;

use std::collections::BTreeSet;

use anyhow::Result;

use crate::catalog::{Activity, Comments, Oid, Relation, Snapshot};
use crate::role::grants;
use crate::tenancy::Tenancy;

pub use add_key::backfill::Backfill;
pub use expression::{Expression, KeyProblem};
use extras::{Extras, view_change};
use free::Names;
pub use lockout::{Connected, Lockout, Loss};
pub use mark::{Dropped, Emergency, Mark, Place, Replaced};
pub(crate) use preflight::acts_as;
pub use preflight::{Obstacle, obstacles};
pub use proposals::Proposal;
pub use revoked::Revoked;
use rights::Rights;
use work::Desk;
pub use work::plan_id;

/// What is wanted beside isolation itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Whether indexes are wanted.
    pub indexes: bool,
    /// Whether the team's own policies on tenant tables make place for ours.
    pub replace: bool,
    /// Whether privileges that open a way past the policies are taken away.
    pub privileges: bool,
    /// Whether options are set on views that read or write past the policies.
    pub views: bool,
    /// Whether new tenant tables are isolated as they are made.
    pub watchdog: bool,
    /// Whether constraints on tenant keys are wanted.
    pub constraints: bool,
    /// Ids of proposals that are to be made.
    pub named: Vec<String>,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            indexes: true,
            replace: false,
            privileges: false,
            views: false,
            watchdog: false,
            constraints: false,
            named: Vec::new(),
        }
    }
}

/// All changes, in the order in which they are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// [`plan_id`]; empty for one that has none.
    pub id: String,
    /// One object each.
    pub changes: Vec<Change>,
    /// What looks like a tenant's data and is not touched, with the reason.
    pub left_alone: Vec<LeftAlone>,
    /// Roles that see fewer rows, or none, once the changes are made.
    pub lockouts: Vec<Lockout>,
    /// Constraints that only the team can decide about; made where they are named.
    pub proposals: Vec<Proposal>,
}

/// What is done to one object, at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Stable across runs: `isolate:public.orders`.
    pub id: String,
    /// Schema-qualified, quoted where PostgreSQL would.
    pub object: String,
    /// The relation that is changed; 0 for a schema or the database.
    pub relation: Oid,
    /// What sort of change.
    pub kind: Kind,
    /// In order. Transactional ones are one transaction, others are each their own.
    pub statements: Vec<String>,
    /// What takes it back, in order.
    pub undo: Vec<String>,
    /// After statements that are each their own: one transaction.
    pub finish: Vec<String>,
    /// The strongest lock taken.
    pub lock: Lock,
    /// How much of the table is read or written.
    pub effort: Effort,
    /// The checks that find what this mends.
    pub closes: Vec<&'static str>,
    /// Why it is needed.
    pub because: Vec<String>,
    /// Who owns the object, and so may change it.
    pub owner: Oid,
    /// Roles whose rights it takes beside the owner's.
    pub needs: Vec<Oid>,
    /// Whether only a superuser may make it.
    pub superuser: bool,
    /// Whether the statements refuse to run inside a transaction.
    pub alone: bool,
    /// For an index that is built concurrently: its qualified name, read back afterwards.
    pub builds: Option<String>,
    /// For one that rows may break: the statement that shows those that do.
    pub hindered_by: Option<String>,
    /// Another relation that is locked as well, because it is referred to.
    pub references: Option<Oid>,
    /// Ids of the changes without which this one makes no sense.
    pub after: Vec<String>,
    /// Rows that are filled in batches; `statements` is the same for psql.
    pub backfill: Option<Backfill>,
    /// One transaction that is run where the server refused `statements`.
    pub otherwise: Vec<String>,
}

impl Change {
    /// Whether the statements are one transaction; otherwise they refuse to run inside one.
    pub fn transactional(&self) -> bool {
        !self.alone && self.backfill.is_none()
    }
}

/// What a change does to a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Nothing: it changes the catalogs.
    Catalog,
    /// Reads them all.
    Scan,
    /// Writes them all.
    Write,
}

impl Effort {
    /// The word used in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Scan => "scan",
            Self::Write => "write",
        }
    }
}

/// The sort of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ENABLE, FORCE, policies; privileges that are only safe together with them.
    Isolate,
    /// Privileges alone.
    Grant,
    /// Privileges taken away.
    Revoke,
    /// Options of a view.
    View,
    /// The event trigger that isolates new tables.
    Watchdog,
    /// An index built CONCURRENTLY.
    Index,
    /// The index of a partitioned table, made of those of its partitions.
    PartitionedIndex,
    /// NOT NULL, a foreign key or uniqueness, one stage of it.
    Constraint,
    /// A column for the tenant key and the triggers that fill it.
    AddKey,
    /// The tenant key of rows that have none.
    Backfill,
    /// A step towards NOT NULL.
    NotNull,
    /// What tenantctl made, taken back.
    Revert,
}

impl Kind {
    /// The word used in ids, tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Isolate => "isolate",
            Self::Grant => "grant",
            Self::Revoke => "revoke",
            Self::View => "view",
            Self::Watchdog => "watchdog",
            Self::Index => "index",
            Self::PartitionedIndex => "partitioned-index",
            Self::Constraint => "constraint",
            Self::AddKey => "add-key",
            Self::Backfill => "backfill",
            Self::NotNull => "not-null",
            Self::Revert => "revert",
        }
    }
}

/// A lock and what it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// How strong.
    pub mode: LockMode,
    /// Schema-qualified.
    pub on: String,
}

/// Lock modes that changes take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// UPDATE: blocks no reads and no writes but those of the same rows.
    RowExclusive,
    /// COMMENT, CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT: blocks VACUUM and DDL, neither reads nor writes.
    ShareUpdateExclusive,
    /// CREATE INDEX ON ONLY: blocks writes for a moment.
    Share,
    /// ADD FOREIGN KEY: blocks writes for a moment, on both tables.
    ShareRowExclusive,
    /// ALTER TABLE, CREATE POLICY: blocks reads and writes for a moment.
    AccessExclusive,
}

impl LockMode {
    /// As PostgreSQL's manual writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

/// Something that is not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftAlone {
    /// Schema-qualified.
    pub object: String,
    /// Why, and what to do instead.
    pub reason: String,
}

impl Plan {
    /// Compares what is wanted with what is there.
    ///
    /// # Errors
    /// The application role does not exist, so that no policy can be TO it; a constraint is named that
    /// nobody proposes.
    pub fn make(tenancy: &Tenancy<'_>, comments: &Comments, choice: &Choice) -> Result<Self> {
        let Some(app) = tenancy.app else {
            anyhow::bail!(
                "the application role {} does not exist, so no policy can be made for it; run \
                 `tenantctl role create` first",
                tenancy.settings.tenancy.app_role
            );
        };
        let id = plan_id(tenancy.settings, choice);
        let desk = Desk {
            tenancy,
            comments,
            choice,
            id: &id,
        };
        let mut plan = Self {
            id: id.clone(),
            changes: Vec::new(),
            left_alone: left_alone(tenancy),
            lockouts: Vec::new(),
            proposals: Vec::new(),
        };
        let extras = Extras::of(desk, app)?;
        plan.left_alone.extend(extras.left_alone);
        let rights = Rights::new(grants::missing(tenancy, app), extras.revokes);
        plan.changes.extend(rights.on_schemas(desk));
        let mut done = BTreeSet::new();
        for table in tenancy.by_name() {
            if !table.listed {
                continue;
            }
            match isolate::change(desk, table, app, &rights.on(table.oid)) {
                Ok(change) => {
                    done.insert(table.oid);
                    plan.changes.extend(change);
                }
                Err(reason) => plan.left_alone.push(LeftAlone {
                    object: tenancy.relation(table).qualified(),
                    reason,
                }),
            }
        }
        done.extend(extras.views.keys());
        plan.changes.extend(rights.besides(desk, &done));
        for (view, work) in extras.views {
            let change = view_change(desk, (view, work), &rights, &plan.changes);
            plan.changes.extend(change);
        }
        plan.choose(desk, &app.name)?;
        plan.left_alone.sort_by(|a, b| a.object.cmp(&b.object));
        plan.lockouts = lockout::find(desk, &plan.changes);
        Ok(plan)
    }

    /// Adds what was asked for, and takes out what has to wait for a key.
    fn choose(&mut self, desk: Desk<'_, '_>, app: &str) -> Result<()> {
        if desk.choice.watchdog {
            match watchdog::change(desk, app) {
                Ok(change) => self.changes.extend(change),
                Err(left) => self.left_alone.push(left),
            }
        }
        let Choice {
            constraints, named, ..
        } = desk.choice;
        let mut names = Names::of(desk.tenancy.snapshot);
        if desk.choice.indexes {
            self.changes.extend(index::changes(desk, &mut names));
        }
        if *constraints {
            let (changes, left) = constraints::changes(desk, &mut names);
            self.changes.extend(changes);
            self.left_alone.extend(left);
        }
        if *constraints || !named.is_empty() {
            let all = proposals::find(desk.tenancy, &mut names);
            let (changes, left) = named::changes(desk, &all)?;
            self.changes.extend(changes);
            self.left_alone.extend(left);
            if *constraints {
                self.proposals = proposals::open(all, named);
            }
        }
        for (oid, left) in add_key::unfinished(desk.tenancy, desk.comments) {
            self.changes.retain(|change| change.relation != oid);
            self.left_alone.push(left);
        }
        Ok(())
    }

    /// Adds who is connected to those who are locked out.
    pub fn observe(&mut self, snapshot: &Snapshot, activity: &[Activity]) {
        for lockout in &mut self.lockouts {
            lockout.observe(activity, |role| snapshot.role_name(role).to_owned());
        }
    }
}

/// Relations that hold tenants' rows and that this tool keeps its hands off.
fn left_alone(tenancy: &Tenancy<'_>) -> Vec<LeftAlone> {
    let key = &tenancy.settings.tenancy.key;
    let listed = |relation: &Relation| {
        let schemas = &tenancy.settings.tenancy.schemas;
        schemas.iter().any(|name| **name == *relation.schema_name)
    };
    let child = |relation: &Relation| {
        let parents = &relation.parents;
        parents
            .iter()
            .any(|parent| tenancy.tables.contains_key(parent))
    };
    let mut left = Vec::new();
    for relation in tenancy.snapshot.relations.values() {
        use crate::catalog::RelationKind as K;
        let has_key = relation.column(key).is_some();
        let reason = match relation.kind {
            K::ForeignTable if listed(relation) && (has_key || child(relation)) => {
                "a foreign table cannot have row-level security: isolate it on its own server, and \
                 keep it from the application role"
            }
            K::MaterializedView if listed(relation) && has_key => {
                "a materialized view cannot have row-level security: keep it from the application \
                 role"
            }
            K::Table | K::Partitioned if relation.of_extension && has_key => {
                "it belongs to an extension"
            }
            K::Table | K::Partitioned => match tenancy.tables.get(&relation.oid) {
                Some(table) if !table.listed => "its schema is not in [tenancy] schemas",
                _ => continue,
            },
            _ => continue,
        };
        left.push(LeftAlone {
            object: relation.qualified(),
            reason: reason.to_owned(),
        });
    }
    left
}
