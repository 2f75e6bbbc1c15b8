//! Names for what is about to be made, that nothing else has or will have.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::names;
use super::unique::joined;
use crate::catalog::{Oid, Relation, Snapshot};

/// Names that are taken, by the catalogs and by what is planned.
pub(super) struct Names {
    /// Relations and indexes, by schema.
    relations: HashSet<(Oid, String)>,
    /// Constraints, by table.
    constraints: HashSet<(Oid, String)>,
    /// What was given to the columns of a table: two that need the same share it.
    uniques: BTreeMap<(Oid, BTreeSet<i16>), String>,
}

impl Names {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut taken = Self {
            relations: HashSet::new(),
            constraints: HashSet::new(),
            uniques: BTreeMap::new(),
        };
        for relation in snapshot.relations.values() {
            let indexes = relation.indexes.iter().map(|index| &index.name);
            for name in indexes.chain([&relation.name]) {
                taken.relations.insert((relation.schema, name.clone()));
            }
            for constraint in &relation.constraints {
                let name = constraint.name.clone();
                taken.constraints.insert((relation.oid, name));
            }
        }
        taken
    }

    /// For a unique constraint, which is an index as well.
    pub(super) fn unique(&mut self, relation: &Relation, columns: &[i16]) -> String {
        let key = (relation.oid, columns.iter().copied().collect());
        if let Some(name) = self.uniques.get(&key) {
            return name.clone();
        }
        let name = self.free(relation, columns, "_key", true);
        self.relations.insert((relation.schema, name.clone()));
        self.uniques.insert(key, name.clone());
        name
    }

    /// For a foreign key.
    pub(super) fn foreign_key(&mut self, relation: &Relation, columns: &[i16]) -> String {
        self.free(relation, columns, "_fkey", false)
    }

    fn free(&mut self, relation: &Relation, columns: &[i16], what: &str, index: bool) -> String {
        let columns = joined(relation, columns);
        let mut nth = 0;
        loop {
            let name = names::constraint((&relation.name, &columns), what, nth);
            let taken = index && self.relations.contains(&(relation.schema, name.clone()));
            if !taken && self.constraints.insert((relation.oid, name.clone())) {
                return name;
            }
            nth += 1;
        }
    }
}
