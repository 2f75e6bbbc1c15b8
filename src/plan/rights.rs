//! Privileges that are granted and taken, put together by object: one object is one change, and
//! what two changes wrote into its comment the second would lose.

use std::collections::{BTreeSet, HashMap};

use super::privileges::Revoke;
use super::work::{Desk, Target, Work};
use super::{Change, Kind, LockMode};
use crate::catalog::Oid;
use crate::role::grants::Grant;

/// All of a plan.
pub(super) struct Rights {
    missing: Vec<Grant>,
    revokes: Vec<Revoke>,
    /// Where those of a relation are.
    at: HashMap<Oid, (Vec<usize>, Vec<usize>)>,
}

/// Those of one table.
#[derive(Default)]
pub(super) struct OfTable<'r> {
    pub(super) grants: Vec<&'r Grant>,
    pub(super) revokes: Vec<&'r Revoke>,
}

impl Rights {
    pub(super) fn new(missing: Vec<Grant>, revokes: Vec<Revoke>) -> Self {
        let mut at: HashMap<Oid, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (place, grant) in missing.iter().enumerate() {
            at.entry(grant.relation).or_default().0.push(place);
        }
        for (place, revoke) in revokes.iter().enumerate() {
            at.entry(revoke.relation).or_default().1.push(place);
        }
        Self {
            missing,
            revokes,
            at,
        }
    }

    /// What is granted and taken at a table; sequences that it owns are granted with it.
    pub(super) fn on(&self, table: Oid) -> OfTable<'_> {
        let Some((grants, revokes)) = self.at.get(&table) else {
            return OfTable::default();
        };
        OfTable {
            grants: grants.iter().map(|at| &self.missing[*at]).collect(),
            revokes: revokes.iter().map(|at| &self.revokes[*at]).collect(),
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
        let own = |grant: &&Grant| grant.relation == 0 || !done.contains(&grant.relation);
        let granted: Vec<&Grant> = self.missing.iter().filter(own).collect();
        let mut taken: Vec<&Revoke> = Vec::new();
        for revoke in self
            .revokes
            .iter()
            .filter(|one| !done.contains(&one.relation))
        {
            let known = taken.iter().any(|known| known.place == revoke.place);
            if !known && !granted.iter().any(|grant| grant.place == revoke.place) {
                taken.push(revoke);
            }
        }
        changes.extend(taken.into_iter().map(|revoke| self.taken(desk, revoke)));
        changes
    }

    fn granted(&self, desk: Desk<'_, '_>, grant: &Grant) -> Change {
        let mut work = Work::default();
        work.grant(desk, grant);
        for revoke in self.revokes.iter().filter(|one| one.place == grant.place) {
            work.revoke(desk, revoke);
        }
        let target = Target {
            object: grant.object.clone(),
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
            object: first.object.clone(),
            relation: first.relation,
            owner: first.owner,
            mode: LockMode::ShareUpdateExclusive,
        };
        work.transaction(Kind::Revoke, target, desk.id)
    }
}
