//! An index with the tenant's column first, on every table: without one each query reads all
//! tenants' rows, however good the policy.

use std::collections::{BTreeMap, HashSet};

use super::names;
use super::{Change, Kind, Lock, LockMode};
use crate::catalog::{Column, Index, Oid, Relation, RelationKind};
use crate::session::quote::{ident, qualified};
use crate::tenancy::{Reach, Tenancy};

/// The indexes that are missing, in the order in which they have to be made.
pub(super) fn changes(tenancy: &Tenancy<'_>) -> Vec<Change> {
    let mut planner = Planner::new(tenancy);
    let tables = tenancy.by_name();
    let listed = || tables.iter().filter(|table| table.listed);
    // Partitioned tables first: what they need of their partitions may be all these need.
    for table in listed() {
        let relation = tenancy.relation(table);
        if relation.kind == RelationKind::Partitioned {
            planner.partitioned(relation);
        }
    }
    for table in listed() {
        let relation = tenancy.relation(table);
        if relation.kind == RelationKind::Table && !planner.served(relation) {
            planner.exact(relation);
        }
    }
    planner.changes
}

/// An index that is there or will be, and the change that makes it.
#[derive(Clone)]
struct Made {
    qualified: String,
    by: Option<String>,
}

struct Planner<'t, 'a> {
    tenancy: &'t Tenancy<'a>,
    taken: HashSet<(String, String)>,
    made: BTreeMap<Oid, Made>,
    changes: Vec<Change>,
}

impl<'t, 'a> Planner<'t, 'a> {
    fn new(tenancy: &'t Tenancy<'a>) -> Self {
        let mut taken = HashSet::new();
        for relation in tenancy.snapshot.relations.values() {
            let schema = relation.schema_name.to_string();
            for index in &relation.indexes {
                taken.insert((schema.clone(), index.name.clone()));
            }
            taken.insert((schema, relation.name.clone()));
        }
        Self {
            tenancy,
            taken,
            made: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// The column that the policy of a table compares.
    fn column(&self, relation: &'a Relation) -> Option<&'a Column> {
        let number = match self.tenancy.tables.get(&relation.oid)?.reach {
            Reach::Registry { column } | Reach::Key { column } | Reach::Via { column, .. } => {
                column
            }
        };
        relation.attribute(number)
    }

    /// Whether an index that can be used has the column first.
    fn served(&self, relation: &'a Relation) -> bool {
        let Some(column) = self.column(relation) else {
            return true;
        };
        self.made.contains_key(&relation.oid)
            || relation.indexes.iter().any(|index| {
                index.usable
                    && index.method == "btree"
                    && !index.partial
                    && index.columns.first() == Some(&column.number)
            })
    }

    fn partitioned(&mut self, relation: &'a Relation) {
        if self.served(relation) {
            return;
        }
        // An index above a foreign partition never becomes valid: the partitions get theirs alone.
        if self
            .leaves(relation)
            .iter()
            .all(|leaf| leaf.kind.is_table())
        {
            self.exact(relation);
        }
    }

    fn leaves(&self, relation: &'a Relation) -> Vec<&'a Relation> {
        let mut leaves = Vec::new();
        let mut open = vec![relation];
        while let Some(at) = open.pop() {
            if at.kind == RelationKind::Partitioned {
                open.extend(self.tenancy.snapshot.children(at.oid));
            } else {
                leaves.push(at);
            }
        }
        leaves
    }

    /// An index on the column alone, so that it can be attached to one of the same kind.
    fn exact(&mut self, relation: &'a Relation) -> Option<Made> {
        if let Some(made) = self.made.get(&relation.oid) {
            return Some(made.clone());
        }
        let column = self.column(relation)?;
        let made = if relation.kind == RelationKind::Partitioned {
            self.over_partitions(relation, column)
        } else {
            self.concurrently(relation, column)
        };
        self.made.insert(relation.oid, made.clone());
        Some(made)
    }

    fn concurrently(&mut self, relation: &'a Relation, column: &Column) -> Made {
        if let Some(index) = same(relation, column).find(|index| index.usable) {
            return self.existing(relation, index);
        }
        let leftover =
            same(relation, column).find(|index| is_ours(&relation.name, &column.name, &index.name));
        let name = match leftover {
            Some(index) => index.name.clone(),
            None => self.free_name(relation, column),
        };
        let full = qualified(&relation.schema_name, &name);
        let mut statements = Vec::new();
        let because = if leftover.is_some() {
            statements.push(format!("DROP INDEX CONCURRENTLY IF EXISTS {full}"));
            format!("index {full} is the invalid leftover of a build that failed")
        } else {
            format!("no usable index has {} first", ident(&column.name))
        };
        statements.push(format!(
            "CREATE INDEX CONCURRENTLY {} ON {} ({})",
            ident(&name),
            relation.qualified(),
            ident(&column.name)
        ));
        let mut change = self.change(relation, column, Kind::Index, statements);
        change.because = vec![because];
        change.builds = Some(full.clone());
        self.push(change, full)
    }

    /// ON ONLY the parent, then the partitions' own, attached one by one: no moment at which all
    /// partitions are locked.
    fn over_partitions(&mut self, relation: &'a Relation, column: &Column) -> Made {
        let children: Vec<&Relation> = self.tenancy.snapshot.children(relation.oid).collect();
        let below: Vec<Made> = children
            .iter()
            .filter_map(|child| self.exact(child))
            .collect();
        let unfinished = same(relation, column).next();
        let parent = match unfinished {
            Some(index) => self.existing(relation, index),
            None => {
                let name = self.free_name(relation, column);
                let statement = format!(
                    "CREATE INDEX {} ON ONLY {} ({})",
                    ident(&name),
                    relation.qualified(),
                    ident(&column.name)
                );
                let change = self.change(relation, column, Kind::PartitionedIndex, vec![statement]);
                let full = qualified(&relation.schema_name, &name);
                self.push(change, full)
            }
        };
        for child in &below {
            self.attach(relation, &parent, child);
        }
        parent
    }

    fn attach(&mut self, relation: &Relation, parent: &Made, child: &Made) {
        let id = format!("attach:{}", child.qualified);
        self.changes.push(Change {
            id,
            object: relation.qualified(),
            relation: relation.oid,
            kind: Kind::PartitionedIndex,
            statements: vec![format!(
                "ALTER INDEX {} ATTACH PARTITION {}",
                parent.qualified, child.qualified
            )],
            lock: Lock {
                mode: LockMode::AccessExclusive,
                on: child.qualified.clone(),
            },
            owner: relation.owner,
            because: vec![format!(
                "{} is valid when every partition's index is part of it",
                parent.qualified
            )],
            builds: None,
            after: parent.by.iter().chain(&child.by).cloned().collect(),
        });
    }

    fn existing(&self, relation: &Relation, index: &Index) -> Made {
        Made {
            qualified: qualified(&relation.schema_name, &index.name),
            by: None,
        }
    }

    fn change(
        &self,
        relation: &Relation,
        column: &Column,
        kind: Kind,
        statements: Vec<String>,
    ) -> Change {
        let object = relation.qualified();
        Change {
            id: format!("index:{object}:{}", ident(&column.name)),
            relation: relation.oid,
            kind,
            statements,
            lock: Lock {
                mode: if kind == Kind::Index {
                    LockMode::ShareUpdateExclusive
                } else {
                    LockMode::Share
                },
                on: object.clone(),
            },
            object,
            owner: relation.owner,
            because: vec![format!("no usable index has {} first", ident(&column.name))],
            builds: None,
            after: Vec::new(),
        }
    }

    fn push(&mut self, change: Change, full: String) -> Made {
        let made = Made {
            qualified: full,
            by: Some(change.id.clone()),
        };
        self.changes.push(change);
        made
    }

    fn free_name(&mut self, relation: &Relation, column: &Column) -> String {
        let schema = relation.schema_name.to_string();
        let mut nth = 0;
        loop {
            let name = names::index(&relation.name, &column.name, nth);
            if self.taken.insert((schema.clone(), name.clone())) {
                return name;
            }
            nth += 1;
        }
    }
}

/// Plain indexes on that column and nothing else, valid or not.
fn same<'r>(relation: &'r Relation, column: &Column) -> impl Iterator<Item = &'r Index> {
    let columns = [column.number];
    relation.indexes.iter().filter(move |index| {
        index.method == "btree"
            && !index.partial
            && !index.unique
            && !index.exclusion
            && index.expressions.is_none()
            && index.columns == columns
    })
}

/// Whether we would have named it so.
fn is_ours(table: &str, column: &str, name: &str) -> bool {
    (0..16).any(|nth| names::index(table, column, nth) == name)
}
