//! Who sees fewer rows, or none, once the changes of a plan are made.
//!
//! ENABLE binds everybody but the owner, FORCE the owner too, and the guard, which is for PUBLIC,
//! everybody who has a policy already: with no permissive policy a role sees nothing, and no error
//! says so (`ddl-rowsecurity`). Superusers and BYPASSRLS are never bound, and the application's role
//! is who all this is made for.

mod people;

use std::collections::{BTreeMap, BTreeSet};

use super::expression::Expression;
use super::mark::Place;
use super::work::Desk;
use super::{Change, Kind};
use crate::catalog::{Activity, Oid, Policy, PolicyCommand, Relation};
use crate::finding::Operation;
use crate::predicate::{Answer, Need, Prover};
use crate::tenancy::TenantTable;
use people::People;

/// 0 stands for PUBLIC.
const PUBLIC: Oid = 0;

/// A role that loses sight of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// Its name, verbatim; `PUBLIC` for what everybody may do.
    pub role: String,
    /// What it loses, and where.
    pub losses: Vec<Loss>,
    /// Views and functions that others use, and that read with this role's rights.
    pub through: Vec<String>,
    /// Login roles that act as it and lose as much.
    pub members: Vec<String>,
    /// Who of them is connected.
    pub sessions: Vec<Connected>,
    /// Whether anybody can be this role at all.
    usable: bool,
    /// Whether every login of the server may be it: only those who are connected count then.
    wide: bool,
    /// Its oid and those of its members.
    roles: BTreeSet<Oid>,
}

/// The same loss on some tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// A sentence about the role, without its name and the tables'.
    pub why: String,
    /// The tables, qualified, in order.
    pub objects: Vec<String>,
}

/// Sessions that are there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The role that logged in.
    pub role: String,
    /// `application_name`.
    pub application: String,
    /// How many.
    pub sessions: i64,
    /// When the oldest began.
    pub since: Option<String>,
}

impl Lockout {
    /// Whether `apply` wants the role to be named first: somebody can act as it.
    pub fn refuses(&self) -> bool {
        if self.wide {
            !self.sessions.is_empty()
        } else {
            self.usable
        }
    }

    /// Adds who is connected.
    pub fn observe(&mut self, activity: &[Activity], name: impl Fn(Oid) -> String) {
        self.sessions = activity
            .iter()
            .filter(|seen| self.roles.contains(&seen.role))
            .map(|seen| Connected {
                role: name(seen.role),
                application: seen.application.clone(),
                sessions: seen.sessions,
                since: seen.since.clone(),
            })
            .collect();
    }
}

/// Why a role sees less.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It owns the table, and nothing lets it at a row.
    Owner,
    /// Nothing lets it at a row.
    Nothing,
    /// Nothing lets it do that, something else is left.
    Without(Vec<Operation>),
    /// It has a policy, and sees the rows of its context.
    Context,
}

impl Why {
    fn sentence(&self, context: &str) -> String {
        match self {
            Self::Owner => {
                "owns them, and FORCE binds the owner: no policy lets it at any row, so \
                            that what it runs finds nothing and reports success"
                    .to_owned()
            }
            Self::Nothing => "holds privileges, and no policy lets it at any row".to_owned(),
            Self::Without(lost) => {
                let words: Vec<String> = lost
                    .iter()
                    .map(|operation| operation.word().to_uppercase())
                    .collect();
                format!(
                    "holds privileges, and no policy lets it {}",
                    words.join(", ")
                )
            }
            Self::Context => {
                format!("sees the rows of its context only: none where it never sets {context}")
            }
        }
    }
}

/// All who lose by these changes, by name.
pub(super) fn find(desk: Desk<'_, '_>, changes: &[Change]) -> Vec<Lockout> {
    let tables: Vec<&TenantTable> = changes
        .iter()
        .filter(|change| change.kind == Kind::Isolate)
        .filter_map(|change| desk.tenancy.tables.get(&change.relation))
        .collect();
    if tables.is_empty() {
        return Vec::new();
    }
    let judge = Judge {
        desk,
        people: People::new(desk.tenancy, &tables),
    };
    let mut losers: BTreeMap<Oid, Loser<'_>> = BTreeMap::new();
    for table in &tables {
        for role in judge.people.candidates(table.oid) {
            if let Some(why) = judge.why(*role, table) {
                let loser = losers.entry(*role).or_default();
                loser.entry(why).or_default().push(table);
            }
        }
    }
    let mut found: Vec<Lockout> = losers
        .iter()
        .map(|(role, loser)| judge.lockout(*role, loser))
        // What every login could hold, and none does.
        .filter(|lockout| !lockout.wide || !lockout.members.is_empty())
        .collect();
    found.sort_by(|a, b| a.role.cmp(&b.role));
    found
}

/// What one role loses.
type Loser<'t> = BTreeMap<Why, Vec<&'t TenantTable>>;

struct Judge<'t, 'a> {
    desk: Desk<'t, 'a>,
    people: People<'a>,
}

impl Judge<'_, '_> {
    fn lockout(&self, role: Oid, loser: &Loser<'_>) -> Lockout {
        let tenancy = self.desk.tenancy;
        let context = &tenancy.settings.tenancy.context;
        let lost: Vec<&TenantTable> = loser.values().flatten().copied().collect();
        let oids: BTreeSet<Oid> = lost.iter().map(|table| table.oid).collect();
        let members = self.members(role, &lost);
        let through = self.people.through(role, &oids);
        let name = |oid: &Oid| tenancy.snapshot.role_name(*oid).to_owned();
        let login = tenancy
            .snapshot
            .roles
            .get(&role)
            .is_some_and(|role| role.login);
        let mut names: Vec<String> = members.iter().map(name).collect();
        names.sort();
        Lockout {
            role: name(&role),
            losses: loser
                .iter()
                .map(|(why, tables)| Loss {
                    why: why.sentence(context),
                    objects: tables
                        .iter()
                        .map(|table| tenancy.relation(table).qualified())
                        .collect(),
                })
                .collect(),
            usable: login || !members.is_empty() || !through.is_empty(),
            wide: self.people.is_wide(role),
            through,
            members: names,
            sessions: Vec::new(),
            roles: members.into_iter().chain([role]).collect(),
        }
    }

    /// The logins that act as a role without doing anything and lose as well, or that may SET ROLE
    /// to it.
    fn members(&self, role: Oid, lost: &[&TenantTable]) -> BTreeSet<Oid> {
        let members = self.people.logins_below(role).into_iter();
        members
            .filter(|(member, inherits)| {
                !inherits || lost.iter().any(|table| self.why(*member, table).is_some())
            })
            .map(|(member, _)| member)
            .collect()
    }

    /// What a role loses on one table; `None` where nothing.
    fn why(&self, role: Oid, table: &TenantTable) -> Option<Why> {
        let relation = self.desk.tenancy.relation(table);
        if self.people.never_bound(role) || self.is_application(role, relation) {
            return None;
        }
        let owns = self.people.has(role, relation.owner);
        let bound = relation.row_security && (!owns || relation.force_row_security);
        let held = self.people.operations(role, relation);
        let had: Vec<Operation> = held
            .into_iter()
            .filter(|operation| !bound || self.permitted(role, relation, *operation))
            .collect();
        let (kept, lost): (Vec<Operation>, Vec<Operation>) = had
            .into_iter()
            .partition(|operation| self.will_be_permitted(role, relation, *operation));
        match (kept.is_empty(), lost.is_empty()) {
            (true, true) => None,
            (true, false) if owns => Some(Why::Owner),
            (true, false) => Some(Why::Nothing),
            (false, false) => Some(Why::Without(lost)),
            (false, true) => self
                .needs_the_context(role, table, bound)
                .then_some(Why::Context),
        }
    }

    /// The application's role, and what acts as it; an owner is more than that until FORCE.
    fn is_application(&self, role: Oid, relation: &Relation) -> bool {
        let Some(app) = self.desk.tenancy.app else {
            return false;
        };
        role == app.oid
            || (self.people.has(role, app.oid) && !self.people.has(role, relation.owner))
    }

    fn applies(&self, role: Oid, policy: &Policy, operation: Operation) -> bool {
        let command = match operation {
            Operation::Select => PolicyCommand::Select,
            Operation::Insert => PolicyCommand::Insert,
            Operation::Update => PolicyCommand::Update,
            Operation::Delete => PolicyCommand::Delete,
        };
        let to = |to: &Oid| *to == PUBLIC || self.people.has(role, *to);
        policy.permissive
            && (policy.command == PolicyCommand::All || policy.command == command)
            && policy.roles.iter().any(to)
    }

    fn permitted(&self, role: Oid, relation: &Relation, operation: Operation) -> bool {
        let mut policies = relation.policies.iter();
        policies.any(|policy| self.applies(role, policy, operation))
    }

    /// By our policy, which is TO the application, or by one of the team's own that stays.
    fn will_be_permitted(&self, role: Oid, relation: &Relation, operation: Operation) -> bool {
        let app = self.desk.tenancy.app.map_or(PUBLIC, |app| app.oid);
        if self.people.has(role, app) {
            return true;
        }
        let stays = |policy: &&Policy| {
            let (_, mark) = Place::policy(relation, policy).read(self.desk.comments);
            !self.desk.choice.replace && !mark.is_some_and(|mark| mark.made)
        };
        let mut policies = relation.policies.iter().filter(stays);
        policies.any(|policy| self.applies(role, policy, operation))
    }

    /// Whether a role that has a policy of its own sees less without the context than before.
    fn needs_the_context(&self, role: Oid, table: &TenantTable, bound: bool) -> bool {
        let tenancy = self.desk.tenancy;
        let relation = tenancy.relation(table);
        let ours = tenancy
            .app
            .is_some_and(|app| self.people.has(role, app.oid));
        if !tenancy.settings.policy.guard {
            return ours && !bound;
        }
        if !bound {
            return true;
        }
        let Ok(expression) = Expression::of(tenancy, table) else {
            return false;
        };
        let guarded = relation.policies.iter().any(|policy| {
            !policy.permissive
                && policy.command == PolicyCommand::All
                && policy.roles.contains(&PUBLIC)
                && expression.is(policy.using.as_deref(), policy.check.as_deref())
        });
        if guarded {
            return false;
        }
        let prover = Prover::new(tenancy, role, self.people.held(role));
        !matches!(
            prover.judge(relation, Need::Select),
            Answer::Proved(_) | Answer::Denied
        )
    }
}
