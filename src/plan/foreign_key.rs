//! A foreign key that is made without a scan under a lock.
//!
//! NOT VALID takes a moment on both tables and holds for new rows; VALIDATE reads the rows that are
//! there while others read and write (`sql-altertable`, ADD table_constraint).

use super::mark::Place;
use super::work::{Desk, Target, Work};
use super::{Change, Effort, Kind, LockMode};
use crate::catalog::Relation;
use crate::session::quote::ident;

/// A foreign key that is wanted.
#[derive(Clone, Debug)]
pub(super) struct ForeignKey<'r> {
    pub(super) name: String,
    pub(super) table: &'r Relation,
    pub(super) parent: &'r Relation,
    /// Its columns, each with the one of the parent that it equals.
    pub(super) pairs: Vec<(i16, i16)>,
    /// ON DELETE, DEFERRABLE; empty, or it begins with a space.
    pub(super) actions: String,
}

impl ForeignKey<'_> {
    /// Columns of the table and of the parent, as SQL.
    fn columns(&self) -> Vec<(String, String)> {
        let name = |relation: &Relation, number| Some(ident(&relation.attribute(number)?.name));
        let pairs = self.pairs.iter();
        pairs
            .filter_map(|(own, other)| Some((name(self.table, *own)?, name(self.parent, *other)?)))
            .collect()
    }

    fn alter(&self, what: &str) -> String {
        let (table, name) = (self.table.qualified(), ident(&self.name));
        format!("ALTER TABLE {table} {what} CONSTRAINT {name}")
    }

    /// Adds it for new rows.
    pub(super) fn add(&self) -> String {
        let (own, other): (Vec<String>, Vec<String>) = self.columns().into_iter().unzip();
        format!(
            "{} FOREIGN KEY ({})\n  REFERENCES {} ({}){} NOT VALID",
            self.alter("ADD"),
            own.join(", "),
            self.parent.qualified(),
            other.join(", "),
            self.actions
        )
    }

    /// Holds the rows that are there to it.
    pub(super) fn validate(&self) -> String {
        self.alter("VALIDATE")
    }

    /// The rows that break it. A NULL in any column refers to nothing (MATCH SIMPLE).
    fn hindering(&self) -> String {
        let columns = self.columns();
        let given = columns
            .iter()
            .map(|(own, _)| format!("t.{own} IS NOT NULL"));
        let equal = columns
            .iter()
            .map(|(own, other)| format!("o.{other} = t.{own}"));
        format!(
            "SELECT * FROM {} AS t WHERE {} AND NOT EXISTS (SELECT FROM {} AS o WHERE {})",
            self.table.qualified(),
            given.collect::<Vec<_>>().join(" AND "),
            self.parent.qualified(),
            equal.collect::<Vec<_>>().join(" AND ")
        )
    }

    /// Its stages, each after the one before; the first is left out where it was made `begun`.
    pub(super) fn stages(&self, desk: Desk<'_, '_>, base: &str, wish: Wish) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut after = wish.after;
        if !wish.begun {
            let mut work = Work::default();
            work.closes(wish.closes);
            work.push(self.add(), self.alter("DROP"), wish.because);
            let place = Place::new_constraint(self.table, &self.name);
            work.stamp(desk, &place, |mark| mark.made = true);
            let target = Target::of(self.table, LockMode::ShareRowExclusive);
            let mut change = work.transaction(Kind::Constraint, target, desk.id);
            base.clone_into(&mut change.id);
            change.references = Some(self.parent.oid);
            change.lock.on = format!("{} and {}", self.table.qualified(), self.parent.qualified());
            change.after.clone_from(&after);
            after.push(base.to_owned());
            changes.push(change);
        }
        let rows = self.hindering();
        let mut work = Work::default();
        work.closes(wish.closes);
        work.statements.push(self.validate());
        work.because.push(broken_by(&rows));
        let target = Target::of(self.table, LockMode::ShareUpdateExclusive);
        let mut change = work.transaction(Kind::Constraint, target, desk.id);
        change.id = format!("{base}:validate");
        change.effort = Effort::Scan;
        change.hindered_by = Some(rows);
        change.after = after;
        changes.push(change);
        changes
    }
}

/// Why, and how far an earlier run came.
pub(super) struct Wish {
    /// The check that finds it missing.
    pub(super) closes: &'static str,
    pub(super) because: String,
    /// Whether it is there and only not valid yet.
    pub(super) begun: bool,
    /// Changes that have to come first.
    pub(super) after: Vec<String>,
}

/// Why a constraint that is there is not valid yet.
pub(super) fn broken_by(rows: &str) -> String {
    format!("the rows that are there may break it; those that do: {rows}")
}
