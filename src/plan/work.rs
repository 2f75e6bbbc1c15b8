//! Statements that are made together, each with what undoes it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::mark::{Mark, Place};
use super::privileges::Revoke;
use super::revoked::revokes;
use super::{Change, Choice, Effort, Kind, Lock, LockMode};
use crate::catalog::{Comments, Oid, Relation};
use crate::role::grants::Grant;
use crate::settings::Settings;
use crate::tenancy::Tenancy;

/// What a plan is made from.
#[derive(Clone, Copy)]
pub(super) struct Desk<'t, 'a> {
    pub(super) tenancy: &'t Tenancy<'a>,
    pub(super) comments: &'t Comments,
    pub(super) choice: &'t Choice,
    pub(super) id: &'t str,
}

/// Tells plans apart by what they want, not by what they find: one that was killed half-way and
/// run again leaves the same marks as one that was not.
pub fn plan_id(settings: &Settings, choice: &Choice) -> String {
    let wanted = format!(
        "{}\n{:?}\n{:?}\n{:?}\n{choice:?}",
        env!("CARGO_PKG_VERSION"),
        settings.tenancy,
        settings.tables,
        settings.policy
    );
    let digest = Sha256::digest(wanted.as_bytes());
    digest.iter().take(4).fold(String::new(), |mut id, byte| {
        // Writing to a String cannot fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// The object that a change is about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Its name, qualified.
    pub(super) object: String,
    /// Its oid where it is a relation, otherwise 0.
    pub(super) relation: Oid,
    pub(super) owner: Oid,
    /// The strongest lock on it.
    pub(super) mode: LockMode,
}

impl Target {
    /// A relation.
    pub(super) fn of(relation: &Relation, mode: LockMode) -> Self {
        Self {
            object: relation.qualified(),
            relation: relation.oid,
            owner: relation.owner,
            mode,
        }
    }

    /// What is no relation.
    pub(super) fn other(object: &str, owner: Oid, mode: LockMode) -> Self {
        Self {
            object: object.to_owned(),
            relation: 0,
            owner,
            mode,
        }
    }
}

/// What is done to one object.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) statements: Vec<String>,
    /// In the order of `statements`; undone from the end.
    pub(super) undo: Vec<String>,
    pub(super) because: Vec<String>,
    pub(super) closes: Vec<&'static str>,
    /// Roles whose rights it takes beside the owner's.
    pub(super) needs: Vec<Oid>,
    stamps: Vec<Stamp>,
}

/// A mark that is written when all is done.
#[derive(Debug)]
struct Stamp {
    place: Place,
    own: Option<String>,
    found: Option<Mark>,
    mark: Mark,
}

impl Stamp {
    fn is_new(&self) -> bool {
        self.mark != self.found.clone().unwrap_or_default()
    }
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty() && !self.stamps.iter().any(Stamp::is_new)
    }

    pub(super) fn push(&mut self, statement: String, undo: String, because: impl Into<String>) {
        self.statements.push(statement);
        self.undo.push(undo);
        self.because.push(because.into());
    }

    /// Which check finds what this mends.
    pub(super) fn closes(&mut self, check: &'static str) {
        if !self.closes.contains(&check) {
            self.closes.push(check);
        }
    }

    /// Remembers at an object what is done to it, beside what was done to it before.
    pub(super) fn stamp(&mut self, desk: Desk<'_, '_>, place: &Place, add: impl FnOnce(&mut Mark)) {
        let known = self.stamps.iter().position(|stamp| stamp.place == *place);
        let at = known.unwrap_or_else(|| {
            let (own, found) = place.read(desk.comments);
            self.stamps.push(Stamp {
                place: place.clone(),
                own: own.map(str::to_owned),
                mark: found.clone().unwrap_or_default(),
                found,
            });
            self.stamps.len() - 1
        });
        add(&mut self.stamps[at].mark);
    }

    /// The COMMENTs that leave the marks.
    fn sign(&mut self, plan: &str) {
        for mut stamp in std::mem::take(&mut self.stamps) {
            if !stamp.is_new() {
                continue;
            }
            plan.clone_into(&mut stamp.mark.plan);
            let own = stamp.own.as_deref();
            self.statements
                .push(stamp.place.write(own, Some(&stamp.mark)));
            // The comment on what was made goes with it.
            if !(stamp.mark.made && stamp.found.is_none()) {
                self.undo.push(stamp.place.write(own, stamp.found.as_ref()));
            }
        }
    }

    /// A privilege for the application, remembered at its object.
    pub(super) fn grant(&mut self, desk: Desk<'_, '_>, grant: &Grant) {
        self.push(grant.statement(), grant.undo(), grant.because.clone());
        self.stamp(desk, &grant.place, |mark| {
            let held = mark.granted.entry(grant.role.clone()).or_default();
            held.extend(grant.privileges.iter().map(|word| (*word).to_owned()));
        });
    }

    /// Privileges taken away, remembered at their object.
    pub(super) fn revoke(&mut self, desk: Desk<'_, '_>, revoke: &Revoke) {
        let schema = revoke.schema.as_deref();
        self.statements
            .extend(revokes(&revoke.revoked, &revoke.on, schema));
        let back = revoke.revoked.iter().rev();
        let snapshot = desk.tenancy.snapshot;
        self.undo
            .extend(back.filter_map(|one| one.grant(snapshot, &revoke.on, schema)));
        self.because.push(revoke.because.clone());
        for check in &revoke.closes {
            self.closes(check);
        }
        self.needs.extend(&revoke.needs);
        self.stamp(desk, &revoke.place, |mark| {
            mark.revoked.extend(revoke.revoked.iter().cloned());
        });
    }

    /// One transaction.
    pub(super) fn transaction(mut self, kind: Kind, at: Target, plan: &str) -> Change {
        self.sign(plan);
        self.undo.reverse();
        Change {
            statements: self.statements,
            undo: self.undo,
            closes: self.closes,
            because: self.because,
            needs: self.needs,
            ..Change::bare(kind, at)
        }
    }
}

impl Change {
    /// A transaction that does nothing yet.
    pub(super) fn bare(kind: Kind, at: Target) -> Self {
        let object = at.object;
        Self {
            id: format!("{}:{object}", kind.word()),
            relation: at.relation,
            kind,
            statements: Vec::new(),
            undo: Vec::new(),
            finish: Vec::new(),
            lock: Lock {
                mode: at.mode,
                on: object.clone(),
            },
            object,
            effort: Effort::Catalog,
            closes: Vec::new(),
            because: Vec::new(),
            owner: at.owner,
            needs: Vec::new(),
            superuser: false,
            alone: false,
            builds: None,
            hindered_by: None,
            references: None,
            after: Vec::new(),
            backfill: None,
            otherwise: Vec::new(),
        }
    }
}
