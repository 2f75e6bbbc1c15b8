//! Taking canaries away again: tried out before they are committed, and done afterwards.

use std::time::Duration;

use anyhow::{Result, bail};

use super::super::arena::{Arena, Manner};
use super::super::eye::Eye;
use super::journal::{Entry, Trace};
use super::traces::{self, Counts};
use crate::catalog::Snapshot;
use crate::session::{Session, quote};

/// Triggers of what triggers wrote, and no further.
const ROUNDS: usize = 4;
/// How often a transaction is asked after whose end nobody has heard of yet.
const PATIENCE: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// What a removal needs to look with.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) eye: &'v Eye<'v>,
    pub(super) snapshot: &'v Snapshot,
    /// Canaries of other transactions: a trigger may change them.
    pub(super) known: &'v [Trace],
}

impl View<'_> {
    fn is_known(&self, row: &Trace) -> bool {
        self.known.contains(row)
    }

    /// A row that was there before and is no canary.
    pub(super) async fn stranger(&self, rows: &[Trace]) -> Result<Result<Option<Trace>, String>> {
        let new: Vec<Trace> = rows
            .iter()
            .filter(|row| !self.is_known(row))
            .cloned()
            .collect();
        let found = traces::stranger(self.eye, &new).await?;
        Ok(found.map(|row| row.cloned()))
    }
}

/// Deletes the rows in a savepoint; the error is why they could not be taken away without a trace.
pub(super) async fn rehearse(
    arena: &mut Arena<'_>,
    view: View<'_>,
    (before, rows): (&Counts, &[Trace]),
) -> Result<Result<(), String>> {
    let mut steps = vec![traces::delete(rows)];
    for _ in 0..ROUNDS {
        let after = match traces::counts(arena, &steps).await? {
            Ok(after) => after,
            Err(why) => return Ok(Err(format!("it could not be removed again: {why}"))),
        };
        let touched = traces::since(before, &after);
        let left = match traces::own((&mut *arena, &steps), view.snapshot, &touched).await? {
            Ok(left) => left,
            Err(why) => return Ok(Err(why)),
        };
        match view.stranger(&left).await? {
            Ok(None) => {}
            Ok(Some(row)) => return Ok(Err(changes(&row))),
            Err(why) => return Ok(Err(why)),
        }
        if left.iter().all(|row| view.is_known(row)) {
            return Ok(Ok(()));
        }
        let sweep = traces::sweep(view.snapshot, &touched, view.known);
        steps.truncate(1);
        steps.extend(sweep);
    }
    Ok(Err(
        "it could not be removed again: triggers write new rows for every one that goes".to_owned(),
    ))
}

/// Why a row that is committed could not be taken back without a trace.
pub(super) fn changes(row: &Trace) -> String {
    format!(
        "a trigger changes a row of {} that was there before, and committed, that could not be \
         taken back",
        row.table
    )
}

/// Deletes what one transaction committed, and what triggers write while it goes. The error is what
/// the server said; `None` where there is nothing to remove.
pub(super) async fn remove(
    session: &Session,
    manner: Manner<'_>,
    (view, entry): (View<'_>, &Entry),
) -> Result<Result<Option<usize>, String>> {
    if !was_committed(view.eye, entry).await? || entry.rows.is_empty() {
        return Ok(Ok(None));
    }
    Arena::committed(session, manner, async |arena| {
        for sql in [
            "select pg_catalog.pg_current_xact_id()",
            "set local row_security = off",
        ] {
            if let Some(refused) = arena.prepare(sql).await?.refused() {
                return Ok(Err(refused.text.clone()));
            }
        }
        let before = match traces::counts(arena, &[]).await? {
            Ok(before) => before,
            Err(why) => return Ok(Err(why)),
        };
        let reply = arena.prepare(&traces::delete(&entry.rows)).await?;
        if let Some(refused) = reply.refused() {
            let why = refused.text.clone();
            arena.start_over().await?;
            return Ok(Err(why));
        }
        let gone = reply.value().and_then(|count| count.parse().ok());
        for _ in 0..ROUNDS {
            if !swept(arena, (view, &before)).await? {
                break;
            }
        }
        Ok(Ok(gone))
    })
    .await
}

/// Removes what triggers of the removal wrote; whether there was something.
async fn swept(arena: &mut Arena<'_>, (view, before): (View<'_>, &Counts)) -> Result<bool> {
    let Ok(after) = traces::counts(arena, &[]).await? else {
        return Ok(false);
    };
    let touched = traces::since(before, &after);
    let Ok(left) = traces::own((&mut *arena, &[]), view.snapshot, &touched).await? else {
        return Ok(false);
    };
    let mut ours = Vec::new();
    for row in left {
        // A row that others see already is not ours, whoever changed it last.
        if view.stranger(std::slice::from_ref(&row)).await? == Ok(None) && !view.is_known(&row) {
            ours.push(row);
        }
    }
    if ours.is_empty() {
        return Ok(false);
    }
    let reply = arena.prepare(&traces::delete(&ours)).await?;
    Ok(reply.refused().is_none())
}

/// Whether the transaction came to its end, and to which.
async fn was_committed(eye: &Eye<'_>, entry: &Entry) -> Result<bool> {
    let sql = format!(
        "select pg_catalog.pg_xact_status({}::pg_catalog.xid8)",
        quote::literal(&entry.transaction)
    );
    for _ in 0..PATIENCE {
        let reply = eye.ask(&sql).await?;
        match reply.value() {
            Some("aborted") => return Ok(false),
            // The session of a killed run has not noticed yet.
            Some("in progress") => tokio::time::sleep(PAUSE).await,
            // Too long ago for the server to know: the rows' conditions decide.
            _ => return Ok(true),
        }
    }
    bail!(
        "transaction {} of an earlier probe is still running; its canaries cannot be removed yet",
        entry.transaction
    )
}
