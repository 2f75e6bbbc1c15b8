//! Queries taken apart: which rows of which tables, read as whom, under which conditions.
//!
//! A query becomes [`Arm`]s: rows side by side under conditions that all hold, every column tied to
//! the row it belongs to. Views, sub-selects in FROM, WITH, outer joins (a row that is not there is
//! NULLs) and UNION are opened; what is not understood becomes [`Expr::Opaque`], so that a claim
//! about an arm is never stronger than the query.

mod aggregate;
mod block;
mod command;
mod from;
mod insert;
mod join;
mod merge;
mod names;
mod place;
mod read;
mod set;
mod syntax;
mod update;
mod variable;
mod view;
mod window;
mod with;

use std::rc::Rc;

use crate::catalog::Oid;
use crate::finding::Operation;
use crate::predicate::Expr;

pub use from::SOME_NAME;
pub use names::fields;
pub use read::{Calls, Frame, Reader, argument};
pub use variable::{Binding, Names};

/// A row that takes part in an [`Arm`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its table.
    pub relation: Oid,
    /// What the arm's expressions call it; no two rows of a query share one.
    pub alias: String,
    /// The role as which it is read.
    pub as_role: Oid,
    /// Views that it is read through, the outermost first.
    pub through: Vec<Oid>,
    /// It is read while the context is something else than the session's.
    pub switched: bool,
}

/// One plain way through a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    /// Rows side by side.
    pub rows: Vec<Row>,
    /// What all hold for a result.
    pub conditions: Vec<Expr>,
    /// Result columns with their names.
    pub targets: Vec<(String, Expr)>,
    /// Whether something that may limit the result was left out of the conditions.
    pub limited: bool,
    /// Sub-selects among the results: read for each row, and shown with it.
    pub inner: Vec<Arm>,
    /// Calls in results whose form is not understood: what they show is shown with them.
    pub calls: Vec<Expr>,
}

impl Arm {
    /// Gives the results other names, as far as there are any.
    fn rename<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        for (target, name) in self.targets.iter_mut().zip(names) {
            target.0.clone_from(name);
        }
    }

    /// Both side by side.
    pub fn beside(&self, other: &Self) -> Self {
        let mut rows = self.rows.clone();
        for row in &other.rows {
            if !rows.contains(row) {
                rows.push(row.clone());
            }
        }
        let mut conditions = self.conditions.clone();
        for condition in &other.conditions {
            if !conditions.contains(condition) {
                conditions.push(condition.clone());
            }
        }
        Self {
            rows,
            conditions,
            targets: Vec::new(),
            limited: self.limited || other.limited,
            inner: self.inner.iter().chain(&other.inner).cloned().collect(),
            calls: self.calls.iter().chain(&other.calls).cloned().collect(),
        }
    }
}

/// Something that a statement does with the rows of a table.
#[derive(Clone, Debug)]
pub struct Use {
    /// What it does.
    pub operation: Operation,
    /// The rows and conditions; for a new row, the values it is given are conditions too.
    pub arm: Arm,
    /// Which of the rows are meant; a read means all.
    pub rows: Vec<usize>,
}

/// What a statement comes to.
#[derive(Clone, Debug, Default)]
pub struct Effect {
    /// What it returns.
    pub shown: Vec<Arm>,
    /// What it changes, and what it reads besides.
    pub uses: Vec<Use>,
    /// Parts that were not understood, for a reason.
    pub unknown: Vec<String>,
    /// What it stores, and where.
    pub stored: Vec<Stored>,
}

/// Rows that a statement copies into a table.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The table, as far as the catalog knows it.
    pub relation: Option<Oid>,
    /// Its name, for one that was made on the way.
    pub name: String,
    /// What is stored, beside the row that it is stored in.
    pub arm: Arm,
    /// The row that it is stored in, for a table of the catalog.
    pub target: Option<usize>,
    /// Rows that the stored values come from.
    pub rows: Vec<usize>,
}

/// A variable that holds a row: single-row results of one arm can be followed.
pub type Record = Rc<Arm>;

#[cfg(test)]
mod tests;
