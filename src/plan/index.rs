//! An index with the tenant's column first, on every table: without one each query reads all
//! tenants' rows, however good the policy.

use std::collections::BTreeMap;

use super::free::Names;
use super::mark::{Mark, Place};
use super::names;
use super::work::{Desk, Target, Work};
use super::{Change, Effort, Kind, LockMode};
use crate::catalog::{Column, Index, Oid, Relation, RelationKind};
use crate::session::quote::{ident, qualified};
use crate::tenancy::{Reach, Tenancy};

/// The indexes that are missing, in the order in which they have to be made.
pub(super) fn changes(desk: Desk<'_, '_>, names: &mut Names) -> Vec<Change> {
    let tenancy = desk.tenancy;
    let mut planner = Planner::new(desk, names);
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
    /// The team's own, with where it can be marked.
    theirs: Option<Place>,
}

struct Planner<'n, 't, 'a> {
    desk: Desk<'t, 'a>,
    tenancy: &'t Tenancy<'a>,
    names: &'n mut Names,
    made: BTreeMap<Oid, Made>,
    changes: Vec<Change>,
}

impl<'n, 't, 'a> Planner<'n, 't, 'a> {
    fn new(desk: Desk<'t, 'a>, names: &'n mut Names) -> Self {
        let tenancy = desk.tenancy;
        Self {
            desk,
            tenancy,
            names,
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
                    && !names::is_building(&index.name)
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

    /// Built under a name that nobody else gives, then renamed and marked at once: a build that was
    /// killed is told from an index of the team's own.
    fn concurrently(&mut self, relation: &'a Relation, column: &Column) -> Made {
        let building = names::building(&relation.name, &column.name);
        let found = |wanted: &dyn Fn(&Index) -> bool| {
            same(relation, column).find(|index| wanted(index)).cloned()
        };
        if let Some(index) = found(&|index| index.usable && index.name != building) {
            return self.existing(relation, &index);
        }
        let begun = found(&|index| index.name == building);
        let leftover = found(&|index| {
            index.name != building && is_ours(&relation.name, &column.name, &index.name)
        });
        let name = match &leftover {
            Some(index) => index.name.clone(),
            None => self.names.index(relation, column),
        };
        let schema = &relation.schema_name;
        let (temporary, full) = (qualified(schema, &building), qualified(schema, &name));
        let mut change = self.change(relation, column, Kind::Index);
        let finished = begun.as_ref().is_some_and(|index| index.usable);
        if finished {
            change.because = vec![format!("index {temporary} was built and not yet named")];
            change.effort = Effort::Catalog;
        }
        for index in [leftover, begun].into_iter().flatten() {
            if !index.usable {
                let invalid = qualified(schema, &index.name);
                let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {invalid}");
                change.statements.push(drop);
                change.because = vec![format!(
                    "index {invalid} is the invalid leftover of a build that failed"
                )];
            }
        }
        if !finished {
            change.statements.push(format!(
                "CREATE INDEX CONCURRENTLY {} ON {} ({})",
                ident(&building),
                relation.qualified(),
                ident(&column.name)
            ));
        }
        change.alone = true;
        change.builds = Some(temporary.clone());
        let rename = format!("ALTER INDEX {temporary} RENAME TO {}", ident(&name));
        change.finish = vec![rename, self.made_here(&full)];
        change.undo = vec![format!("DROP INDEX CONCURRENTLY IF EXISTS {full}")];
        self.push(change, full)
    }

    /// The COMMENT by which `revert` knows an index.
    fn made_here(&self, full: &str) -> String {
        let mark = Mark {
            plan: self.desk.id.to_owned(),
            made: true,
            ..Mark::default()
        };
        Place::new_index(full).write(None, Some(&mark))
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
                let name = self.names.index(relation, column);
                let full = qualified(&relation.schema_name, &name);
                let mut change = self.change(relation, column, Kind::PartitionedIndex);
                change.statements = vec![
                    format!(
                        "CREATE INDEX {} ON ONLY {} ({})",
                        ident(&name),
                        relation.qualified(),
                        ident(&column.name)
                    ),
                    self.made_here(&full),
                ];
                change.undo = vec![format!("DROP INDEX {full}")];
                self.push(change, full)
            }
        };
        for child in &below {
            self.attach(relation, &parent, child);
        }
        parent
    }

    fn attach(&mut self, relation: &Relation, parent: &Made, child: &Made) {
        let mut work = Work::default();
        work.statements = vec![format!(
            "ALTER INDEX {} ATTACH PARTITION {}",
            parent.qualified, child.qualified
        )];
        work.because = vec![format!(
            "{} is valid when every partition's index is part of it",
            parent.qualified
        )];
        if let (Some(place), None) = (&child.theirs, &parent.theirs) {
            work.stamp(self.desk, place, |mark| mark.attached = true);
        }
        let target = Target::of(relation, LockMode::AccessExclusive);
        let mut change = work.transaction(Kind::PartitionedIndex, target, self.desk.id);
        change.id = format!("attach:{}", child.qualified);
        change.lock.on.clone_from(&child.qualified);
        change.after = parent.by.iter().chain(&child.by).cloned().collect();
        self.changes.push(change);
    }

    fn existing(&self, relation: &Relation, index: &Index) -> Made {
        let place = Place::index(relation, index);
        let (_, mark) = place.read(self.desk.comments);
        Made {
            qualified: qualified(&relation.schema_name, &index.name),
            by: None,
            theirs: (!mark.is_some_and(|mark| mark.made)).then_some(place),
        }
    }

    fn change(&self, relation: &Relation, column: &Column, kind: Kind) -> Change {
        let mut work = Work::default();
        work.closes("key-without-index");
        work.closes("key-index-unusable");
        work.because = vec![format!("no usable index has {} first", ident(&column.name))];
        let mode = if kind == Kind::Index {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::Share
        };
        let object = relation.qualified();
        let mut change = work.transaction(kind, Target::of(relation, mode), self.desk.id);
        change.id = format!("index:{object}:{}", ident(&column.name));
        if kind == Kind::Index {
            change.effort = Effort::Scan;
        }
        change
    }

    fn push(&mut self, change: Change, full: String) -> Made {
        let made = Made {
            qualified: full,
            by: Some(change.id.clone()),
            theirs: None,
        };
        self.changes.push(change);
        made
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
