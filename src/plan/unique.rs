//! A unique constraint, or a unique index alone, that is built while others write.
//!
//! CREATE UNIQUE INDEX CONCURRENTLY under a name that nobody else gives, then, in one transaction, its
//! own name and its mark: a build that was killed is told from what the team made.

use super::names;
use super::work::Target;
use super::{Change, Effort, Kind, LockMode};
use crate::catalog::Relation;
use crate::session::quote::{ident, qualified};

/// What is to be unique.
#[derive(Clone, Debug)]
pub(super) struct Unique<'r> {
    pub(super) relation: &'r Relation,
    pub(super) columns: Vec<i16>,
    pub(super) name: String,
    /// Whether it is a constraint; otherwise it is an index alone.
    pub(super) constraint: bool,
}

/// Columns as a list, quoted.
pub(super) fn list(relation: &Relation, columns: &[i16]) -> String {
    let named = columns.iter().filter_map(|at| relation.attribute(*at));
    let names: Vec<String> = named.map(|column| ident(&column.name)).collect();
    names.join(", ")
}

/// Columns as a part of a name.
pub(super) fn joined(relation: &Relation, columns: &[i16]) -> String {
    let named = columns.iter().filter_map(|at| relation.attribute(*at));
    let names: Vec<&str> = named.map(|column| column.name.as_str()).collect();
    names.join("_")
}

impl Unique<'_> {
    /// Without marks, as one writes it by hand.
    pub(super) fn by_hand(&self) -> Vec<String> {
        let mut statements = vec![self.create(&self.name)];
        if self.constraint {
            statements.push(self.named(&self.name));
        }
        statements
    }

    /// One change; `marks` are written as it gets its name.
    pub(super) fn change(&self, kind: Kind, marks: Vec<String>) -> Change {
        let building = self.building();
        let full = qualified(&self.relation.schema_name, &building);
        let mut indexes = self.relation.indexes.iter();
        let begun = indexes.find(|index| index.name == building);
        let finished = begun
            .is_some_and(|index| index.usable && index.unique && index.columns == self.columns);
        let mode = if self.constraint {
            LockMode::AccessExclusive
        } else {
            LockMode::ShareUpdateExclusive
        };
        let mut change = Change::bare(kind, Target::of(self.relation, mode));
        change.alone = true;
        if finished {
            change.because = vec![format!("index {full} was built and not yet named")];
        } else {
            change.effort = Effort::Scan;
            if begun.is_some() {
                let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {full}");
                change.statements.push(drop);
            }
            change.statements.push(self.create(&building));
        }
        change.builds = Some(full);
        change.finish = vec![self.named(&building)];
        change.finish.extend(marks);
        change.undo = vec![self.drop()];
        change
    }

    /// What takes it away again.
    pub(super) fn drop(&self) -> String {
        if self.constraint {
            let table = self.relation.qualified();
            format!("ALTER TABLE {table} DROP CONSTRAINT {}", ident(&self.name))
        } else {
            let full = qualified(&self.relation.schema_name, &self.name);
            format!("DROP INDEX {full}")
        }
    }

    /// The rows that share their values with another one.
    pub(super) fn hindering(&self) -> String {
        let table = self.relation.qualified();
        let columns = self.columns.iter();
        let equal: Vec<String> = columns
            .filter_map(|at| self.relation.attribute(*at))
            .map(|column| format!("o.{0} = t.{0}", ident(&column.name)))
            .collect();
        format!(
            "SELECT * FROM {table} AS t WHERE EXISTS (SELECT FROM {table} AS o WHERE {} AND o.ctid <> t.ctid)",
            equal.join(" AND ")
        )
    }

    fn building(&self) -> String {
        names::unique_building(&self.relation.name, &joined(self.relation, &self.columns))
    }

    fn create(&self, name: &str) -> String {
        format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {} ON {} ({})",
            ident(name),
            self.relation.qualified(),
            list(self.relation, &self.columns)
        )
    }

    /// The index of that name becomes what is wanted.
    fn named(&self, index: &str) -> String {
        let name = ident(&self.name);
        if self.constraint {
            let table = self.relation.qualified();
            let index = ident(index);
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {index}")
        } else {
            let index = qualified(&self.relation.schema_name, index);
            format!("ALTER INDEX {index} RENAME TO {name}")
        }
    }
}
