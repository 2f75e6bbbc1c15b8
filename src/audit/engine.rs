//! What every part of the audit reasons with, and where it puts what it found.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::grants::Memberships;
use super::trial::Question;
use crate::catalog::{Column, Oid, Privilege, Relation, Snapshot};
use crate::finding::{By, Cause, Coverage, Operation, Severity, Verdict};
use crate::paths::{Access, Powers};
use crate::predicate::Prover;
use crate::session::quote;
use crate::tenancy::{Reach, Tenancy};

/// A finding before its check's title and class are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) check: &'static str,
    pub(super) severity: Severity,
    pub(super) object: String,
    pub(super) message: String,
    pub(super) path: Vec<String>,
    pub(super) evidence: Option<String>,
    pub(super) fix: Option<String>,
}

/// The engines over one snapshot, for one application role.
pub(super) struct Engine<'a> {
    pub(super) tenancy: &'a Tenancy<'a>,
    /// The application role's name, quoted where PostgreSQL would.
    pub(super) app: String,
    pub(super) powers: Powers,
    pub(super) memberships: Memberships<'a>,
    pub(super) prover: Rc<Prover<'a>>,
    others: RefCell<HashMap<Oid, Rc<Prover<'a>>>>,
    pub(super) found: Vec<Found>,
    pub(super) coverage: Vec<Coverage>,
    /// What the proof left open about the application's own role.
    pub(super) questions: Vec<Question>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(tenancy: &'a Tenancy<'a>) -> Self {
        let snapshot = tenancy.snapshot;
        let powers = match tenancy.app {
            Some(role) => Powers::of(snapshot, role.oid),
            // Nobody yet: judged as if it had been created and granted what it needs.
            None => Powers {
                role: 0,
                held: BTreeSet::from([0]),
                becomes: Default::default(),
            },
        };
        let app = quote::ident(&tenancy.settings.tenancy.app_role);
        Self::with(tenancy, app, powers)
    }

    /// The engines for another role that the login may become.
    pub(super) fn of(tenancy: &'a Tenancy<'a>, role: Oid) -> Self {
        let snapshot = tenancy.snapshot;
        let name = quote::ident(snapshot.role_name(role));
        Self::with(tenancy, name, Powers::of(snapshot, role))
    }

    fn with(tenancy: &'a Tenancy<'a>, app: String, powers: Powers) -> Self {
        Self {
            tenancy,
            app,
            memberships: Memberships::of(tenancy.snapshot, &powers),
            prover: Rc::new(
                Prover::new(tenancy, powers.role, powers.held.clone()).in_session_of(powers.role),
            ),
            powers,
            others: RefCell::default(),
            found: Vec::new(),
            coverage: Vec::new(),
            questions: Vec::new(),
        }
    }

    pub(super) fn snapshot(&self) -> &'a Snapshot {
        self.tenancy.snapshot
    }

    /// What the application may do with a relation. A role that does not exist yet will be granted
    /// the four operations on tenant tables.
    pub(super) fn access(&self, relation: &Relation) -> Access {
        if self.tenancy.app.is_none() && self.tenancy.tables.contains_key(&relation.oid) {
            return Access {
                operations: Operation::ALL.to_vec(),
                columns_only: false,
            };
        }
        Access::of(self.snapshot(), &self.powers, relation)
    }

    /// The column that says whose a table's rows are: the key, or the one that leads to the parent.
    pub(super) fn tenant_column<'r>(&self, relation: &'r Relation) -> Option<&'r Column> {
        let table = self.tenancy.tables.get(&relation.oid)?;
        let number = match table.reach {
            Reach::Registry { column } | Reach::Key { column } | Reach::Via { column, .. } => {
                column
            }
        };
        relation.attribute(number)
    }

    /// Whether the application may UPDATE the column that says whose a row is.
    pub(super) fn may_set_tenant(&self, relation: &Relation) -> bool {
        let snapshot = self.snapshot();
        if self.tenancy.app.is_none() || self.powers.may(snapshot, relation, Privilege::Update) {
            return true;
        }
        let granted = self.powers.columns(relation, Privilege::Update);
        self.tenant_column(relation)
            .is_none_or(|column| granted.contains(&column.name.as_str()))
    }

    /// A prover for statements that run as another role, such as a view's owner.
    pub(super) fn prover_for(&self, role: Oid) -> Rc<Prover<'a>> {
        if role == self.powers.role {
            return Rc::clone(&self.prover);
        }
        let mut others = self.others.borrow_mut();
        let prover = others.entry(role).or_insert_with(|| {
            let held = Powers::of(self.snapshot(), role).held;
            Rc::new(Prover::new(self.tenancy, role, held).in_session_of(self.powers.role))
        });
        Rc::clone(prover)
    }

    pub(super) fn report(&mut self, found: Found) {
        self.found.push(found);
    }

    pub(super) fn cover(
        &mut self,
        object: &str,
        operation: Operation,
        verdict: Verdict,
        reason: impl Into<String>,
    ) {
        self.coverage.push(Coverage {
            object: object.to_owned(),
            operation,
            verdict,
            by: By::Audit,
            reason: reason.into(),
            cause: None,
        });
    }

    /// A leaking row, with the finding that it follows from.
    pub(super) fn cover_leak(
        &mut self,
        object: &str,
        operation: Operation,
        reason: impl Into<String>,
        (check, at): (&'static str, &str),
    ) {
        self.cover(object, operation, Verdict::Leaking, reason);
        if let Some(last) = self.coverage.last_mut() {
            last.cause = Some(Cause {
                check: check.to_owned(),
                object: at.to_owned(),
            });
        }
    }
}

/// `public.a, public.b and 3 more`.
pub(super) fn few(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
