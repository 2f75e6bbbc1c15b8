//! Privileges that are granted and taken, put together by object: one object is one change, and
//! what two changes wrote into its comment the second would lose.

use std::collections::BTreeSet;

use super::privileges::Revoke;
use super::work::{Desk, Target, Work};
use super::{Change, Kind, LockMode};
use crate::catalog::Oid;
use crate::role::grants::Grant;

/// All of a plan.
pub(super) struct Rights {
    pub(super) missing: Vec<Grant>,
    pub(super) revokes: Vec<Revoke>,
}

/// Those of one table.
pub(super) struct OfTable<'r> {
    pub(super) grants: Vec<&'r Grant>,
    pub(super) revokes: Vec<&'r Revoke>,
}

impl Rights {
    /// What is granted and taken at a table; sequences that it owns are granted with it.
    pub(super) fn on(&self, table: Oid) -> OfTable<'_> {
        let grants = self.missing.iter();
        let revokes = self.revokes.iter();
        OfTable {
            grants: grants.filter(|grant| grant.relation == table).collect(),
            revokes: revokes.filter(|revoke| revoke.relation == table).collect(),
        }
    }

    /// What the application needs of schemas and of the database, before it needs tables.
    pub(super) fn on_schemas(&self, desk: Desk<'_, '_>) -> Vec<Change> {
        let grants = self.missing.iter().filter(|grant| grant.relation == 0);
        grants.map(|grant| self.granted(desk, grant)).collect()
    }

    /// The rest, but for these tables.
    pub(super) fn besides(&self, desk: Desk<'_, '_>, done: &BTreeSet<Oid>) -> Vec<Change> {
        let grants = self.missing.iter();
        let mut changes: Vec<Change> = grants
            .filter(|grant| grant.relation != 0 && !done.contains(&grant.relation))
            .map(|grant| self.granted(desk, grant))
            .collect();
        let granted = |revoke: &Revoke| {
            let mut grants = self.missing.iter();
            grants.any(|grant| grant.place == revoke.place)
        };
        for (at, revoke) in self.revokes.iter().enumerate() {
            let known = self.revokes[..at].iter();
            let first = known.filter(|known| known.place == revoke.place).count() == 0;
            if first && !granted(revoke) && !done.contains(&revoke.relation) {
                changes.push(self.taken(desk, revoke));
            }
        }
        changes
    }

    fn granted(&self, desk: Desk<'_, '_>, grant: &Grant) -> Change {
        let mut work = Work::default();
        work.grant(desk, grant);
        for revoke in self.revokes.iter().filter(|one| one.place == grant.place) {
            work.revoke(desk, revoke);
        }
        let target = Target {
            object: &grant.object,
            relation: grant.relation,
            owner: grant.owner,
            mode: LockMode::ShareUpdateExclusive,
        };
        work.transaction(Kind::Grant, target, desk.id)
    }

    fn taken(&self, desk: Desk<'_, '_>, first: &Revoke) -> Change {
        let mut work = Work::default();
        for revoke in self.revokes.iter().filter(|one| one.place == first.place) {
            work.revoke(desk, revoke);
        }
        let target = Target {
            object: &first.object,
            relation: first.relation,
            owner: first.owner,
            mode: LockMode::ShareUpdateExclusive,
        };
        work.transaction(Kind::Revoke, target, desk.id)
    }
}
