//! Names for what is about to be made, that nothing else has or will have.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::names;
use super::unique::joined;
use crate::catalog::{Column, Oid, Relation, Snapshot};

/// Names that are taken, by the catalogs and by what is planned.
pub(super) struct Names {
    /// Relations and indexes, by schema.
    relations: HashSet<(Oid, String)>,
    /// Constraints and indexes, by table.
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
            let indexes = || relation.indexes.iter().map(|index| &index.name);
            let constraints = relation.constraints.iter().map(|known| &known.name);
            for name in indexes().chain([&relation.name]) {
                taken.relations.insert((relation.schema, name.clone()));
            }
            for name in indexes().chain(constraints) {
                taken.constraints.insert((relation.oid, name.clone()));
            }
        }
        taken
    }

    /// For an index on a column.
    pub(super) fn index(&mut self, relation: &Relation, column: &Column) -> String {
        let named = |nth| names::index(&relation.name, &column.name, nth);
        let taken = |name: &str| self.has_relation(relation, name);
        let name = first_free(named, taken);
        self.relations.insert((relation.schema, name.clone()));
        name
    }

    /// For a CHECK or a foreign key.
    pub(super) fn constraint(
        &mut self,
        relation: &Relation,
        columns: &[i16],
        what: &str,
    ) -> String {
        let columns = joined(relation, columns);
        let named = |nth| names::constraint((&relation.name, &columns), what, nth);
        let taken = |name: &str| self.has_constraint(relation, name);
        let name = first_free(named, taken);
        self.constraints.insert((relation.oid, name.clone()));
        name
    }

    /// For a unique constraint, which is an index as well.
    pub(super) fn unique(&mut self, relation: &Relation, columns: &[i16]) -> String {
        let key = (relation.oid, columns.iter().copied().collect());
        if let Some(name) = self.uniques.get(&key) {
            return name.clone();
        }
        let columns = joined(relation, columns);
        let named = |nth| names::constraint((&relation.name, &columns), "_key", nth);
        let taken =
            |name: &str| self.has_relation(relation, name) || self.has_constraint(relation, name);
        let name = first_free(named, taken);
        self.relations.insert((relation.schema, name.clone()));
        self.constraints.insert((relation.oid, name.clone()));
        self.uniques.insert(key, name.clone());
        name
    }

    fn has_relation(&self, relation: &Relation, name: &str) -> bool {
        self.relations.contains(&(relation.schema, name.to_owned()))
    }

    fn has_constraint(&self, relation: &Relation, name: &str) -> bool {
        self.constraints.contains(&(relation.oid, name.to_owned()))
    }
}

fn first_free(named: impl Fn(usize) -> String, taken: impl Fn(&str) -> bool) -> String {
    let mut nth = 0;
    loop {
        let name = named(nth);
        if !taken(&name) {
            return name;
        }
        nth += 1;
    }
}
