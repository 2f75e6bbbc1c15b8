//! What the attacks leave in the server's books: the transactions that had an id, and where they
//! met somebody's lock.

use std::cell::{Cell, RefCell};

use super::reply::Refused;

/// Kept by one lane; a run looks at all of them at its end.
#[derive(Debug, Default)]
pub(super) struct Trail {
    transactions: RefCell<Vec<String>>,
    unasked: Cell<usize>,
    contended: Cell<bool>,
}

impl Trail {
    /// A transaction that wrote, by its 64-bit id (`pg_current_xact_id_if_assigned()`).
    pub(super) fn transaction(&self, id: &str) {
        self.transactions.borrow_mut().push(id.to_owned());
    }

    /// A transaction that was rolled back without its id being told.
    pub(super) fn unasked(&self) {
        self.unasked.set(self.unasked.get() + 1);
    }

    /// How many of those there are.
    pub(super) fn how_many_unasked(&self) -> usize {
        self.unasked.get()
    }

    /// The transactions so far.
    pub(super) fn transactions(&self) -> Vec<String> {
        self.transactions.borrow().clone()
    }

    /// A statement was refused: where it waited in vain for a lock, that is remembered.
    pub(super) fn refused(&self, refused: &Refused) {
        if refused.met_a_lock() {
            self.contended.set(true);
        }
    }

    /// Whether a lock was met since the last call.
    pub(super) fn take_contended(&self) -> bool {
        self.contended.take()
    }
}
