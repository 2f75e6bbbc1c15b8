//! One attempt at a part of a change, and what to say where a lock was in the way.

use tokio_postgres::error::SqlState;

use super::Change;
use crate::session::error::sqlstate;

/// The parts of a change.
pub(super) enum Stage {
    Statements,
    Finish,
    /// One of many transactions.
    Batch,
    /// After a refusal.
    Otherwise,
}

impl Stage {
    pub(super) fn is_transaction(&self, change: &Change) -> bool {
        match self {
            Self::Statements => change.transactional(),
            Self::Finish | Self::Batch | Self::Otherwise => true,
        }
    }
}

/// An attempt that ended without the change.
pub(super) struct Missed {
    pub(super) error: anyhow::Error,
    pub(super) blockers: Vec<String>,
}

impl Missed {
    pub(super) fn because(reason: &'static str) -> Self {
        Self {
            error: anyhow::anyhow!(reason),
            blockers: Vec::new(),
        }
    }
}

/// Whether somebody else held a lock.
pub(super) fn is_lock(error: &anyhow::Error) -> bool {
    sqlstate(error).is_some_and(|code| {
        [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(&code)
    })
}

/// Which lock was not to be had, and who had it.
pub(super) fn locked(change: &Change, stage: &Stage, missed: &Missed) -> String {
    let code = sqlstate(&missed.error).map(|code| code.code().to_owned());
    let code = code.unwrap_or_default();
    let what = if stage.is_transaction(change) {
        format!(
            "no {} lock on {} in time (SQLSTATE {code})",
            change.lock.mode.word(),
            change.lock.on
        )
    } else {
        format!("transactions older than the build did not end in time (SQLSTATE {code})")
    };
    if missed.blockers.is_empty() {
        what
    } else {
        format!("{what}: held by {}", missed.blockers.join(", "))
    }
}
