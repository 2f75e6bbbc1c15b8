//! A foreign key that is made without a scan under a lock.
//!
//! NOT VALID takes a moment on both tables and holds for new rows; VALIDATE reads the rows that are
//! there while others read and write (`sql-altertable`, ADD table_constraint).
//!
//! VALIDATE reads with the rights of who runs it, and where policies bind him, the table's owner under FORCE
//! too, it sees no row and calls the constraint valid (`RI_Initial_Check` in ri_triggers.c looks at ownership,
//! not at FORCE). With `row_security` off the server refuses instead.

use super::mark::Place;
use super::work::{Desk, Target, Work};
use super::{Change, Effort, Kind, LeftAlone, LockMode};
use crate::catalog::{Relation, Snapshot};
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

    /// Holds the rows that are there to it: one transaction.
    fn validate(&self) -> [String; 2] {
        let all_rows = "SET LOCAL row_security = off";
        [all_rows.to_owned(), self.alter("VALIDATE")]
    }

    /// The same, to be pasted.
    pub(super) fn validate_by_hand(&self) -> String {
        format!("BEGIN;\n{};\nCOMMIT", self.validate().join(";\n"))
    }

    /// Why whoever is connected cannot validate it.
    fn unseen(&self, snapshot: &Snapshot) -> Option<LeftAlone> {
        let me = snapshot.server.session_role;
        let role = snapshot.roles.get(&me)?;
        (!role.superuser && !role.bypass_rls).then(|| LeftAlone {
            object: self.table.qualified(),
            reason: format!(
                "foreign key {} holds for new rows and is not valid yet: policies bind {}, the owner \
                 too once they are forced, so the server would look at none of the rows that are there; \
                 let a superuser or a role with BYPASSRLS run the same command, or: {}",
                ident(&self.name),
                ident(&role.name),
                self.validate_by_hand().replace('\n', " ")
            ),
        })
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

    /// Its stages, each after the one before, and why the last is left to somebody else.
    pub(super) fn stages(
        &self,
        desk: Desk<'_, '_>,
        base: &str,
        wish: Wish,
    ) -> (Vec<Change>, Option<LeftAlone>) {
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
        let unseen = self.unseen(desk.tenancy.snapshot);
        if unseen.is_some() {
            return (changes, unseen);
        }
        let rows = self.hindering();
        let mut work = Work::default();
        work.closes(wish.closes);
        work.statements.extend(self.validate());
        work.because.push(broken_by(&rows));
        let target = Target::of(self.table, LockMode::ShareUpdateExclusive);
        let mut change = work.transaction(Kind::Constraint, target, desk.id);
        change.id = format!("{base}:validate");
        change.effort = Effort::Scan;
        change.hindered_by = Some(rows);
        change.after = after;
        changes.push(change);
        (changes, None)
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
