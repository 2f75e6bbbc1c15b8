//! `--add-key TABLE --from "column -> schema.parent.column"`: gives a table its own tenant key, taken
//! from its parent, while the application goes on writing.
//!
//! The column and its triggers come first, in one transaction; from then on rows without a key only
//! become fewer. The rows that were there are filled in batches, then the column is NOT NULL, and
//! then the ordinary plan isolates the table: it is made from the catalogs as they will be. How far
//! an earlier run came is read from the catalogs and from the rows, so that one that was killed is
//! run again as it was.

pub mod backfill;
mod fill;
mod not_null;
mod prepare;
mod readers;
mod subject;
mod types;
mod undo;

use anyhow::Result;

use super::lockout;
use super::mark::Place;
use super::work::{Desk, Target, Work};
use super::{Change, Choice, Effort, Kind, LeftAlone, LockMode, Plan};
use crate::catalog::{Column, Comments, Oid, Relation, Snapshot};
use crate::settings::{Settings, Via};
use crate::tenancy::Tenancy;
use backfill::Backfill;
use subject::Subject;

pub use fill::Filling;
pub(super) use readers::{may_read, sees_all};
pub(super) use undo::{is_ours, undo};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct AddKey {
    /// The table, as `tenantctl.toml` would spell it.
    pub table: String,
    /// The way to its parent.
    pub from: Via,
    /// The most rows in one transaction, where a page does not hold more.
    pub batch_size: u32,
    /// The pause after a batch, as a share of the time that the batch took.
    pub throttle: f64,
}

/// The stages that are left, and what isolates the table after them.
///
/// # Errors
/// What speaks against it, with what to do first.
pub fn plan(
    snapshot: &Snapshot,
    comments: &Comments,
    settings: &Settings,
    (choice, wish): (&Choice, &AddKey),
) -> Result<Plan> {
    let subject = Subject::of(snapshot, settings, wish)?;
    let after = subject.with_key();
    let tenancy = Tenancy::resolve(&after, settings)?;
    let Plan {
        id,
        changes: mut later,
        mut left_alone,
        mut proposals,
        ..
    } = Plan::make(&tenancy, comments, choice)?;
    later.retain(|change| subject.holds(change.relation));
    let desk = Desk {
        tenancy: &tenancy,
        comments,
        choice,
        id: &id,
    };
    let mut changes = Vec::new();
    if !subject.is_done() {
        changes = stages(desk, &subject, wish)?;
        let last = changes.last().map(|change| change.id.clone());
        for change in &mut later {
            change.after.extend(last.clone());
        }
    }
    changes.extend(later);
    let name = subject.relation.qualified();
    left_alone.retain(|left| left.object == name);
    proposals.retain(|proposal| proposal.object == name);
    Ok(Plan {
        lockouts: lockout::find(desk, &changes),
        id,
        changes,
        left_alone,
        proposals,
    })
}

fn stages(desk: Desk<'_, '_>, subject: &Subject<'_>, wish: &AddKey) -> Result<Vec<Change>> {
    let mut changes: Vec<Change> = prepare::change(desk, subject)?.into_iter().collect();
    let first: Vec<String> = changes.iter().map(|change| change.id.clone()).collect();
    let mut filled = Vec::new();
    for leaf in &subject.leaves {
        let mut change = fill_change(desk, subject, leaf, wish);
        change.after.clone_from(&first);
        filled.push(change.id.clone());
        changes.push(change);
    }
    changes.extend(not_null::changes(desk, subject, filled));
    Ok(changes)
}

fn fill_change(
    desk: Desk<'_, '_>,
    subject: &Subject<'_>,
    leaf: &Relation,
    wish: &AddKey,
) -> Change {
    let backfill = Backfill::new(subject, leaf, wish);
    let mut work = Work::default();
    work.statements.push(backfill.script());
    work.because.push(format!(
        "rows that were there before get the key of their parent, up to {} in one transaction; \
         those are locked while it runs, and one that somebody else has locked is left for later",
        wish.batch_size
    ));
    let target = Target::of(leaf, LockMode::RowExclusive);
    let mut change = work.transaction(Kind::Backfill, target, desk.id);
    change.effort = Effort::Write;
    change.backfill = Some(backfill);
    change
}

/// Whether a key was made by an earlier run that did not end yet: rows may still have none.
fn is_being_filled_in(comments: &Comments, relation: &Relation, key: &Column) -> bool {
    let (_, mark) = Place::column(relation, key).read(comments);
    !key.not_null && mark.is_some_and(|mark| mark.made)
}

/// Tables whose key is still being filled, their partitions among them: isolated now, the rows that
/// have no key yet would be hidden from everybody.
pub(super) fn unfinished(tenancy: &Tenancy<'_>, comments: &Comments) -> Vec<(Oid, LeftAlone)> {
    let mut found = Vec::new();
    for table in tenancy.tables.keys() {
        let Some(top) = top(tenancy.snapshot, *table) else {
            continue;
        };
        let key = tenancy.key_column(top.oid);
        if key.is_some_and(|key| is_being_filled_in(comments, top, key)) {
            let reason = "its tenant key is still being filled: run the same `tenantctl apply \
                          --add-key` again, or `tenantctl revert`";
            let left = LeftAlone {
                object: tenancy.snapshot.relations[table].qualified(),
                reason: reason.to_owned(),
            };
            found.push((*table, left));
        }
    }
    found
}

/// The table that a partition belongs to, at any depth; itself where it is none.
fn top(snapshot: &Snapshot, oid: Oid) -> Option<&Relation> {
    let mut at = snapshot.relations.get(&oid)?;
    while at.is_partition {
        at = snapshot.relations.get(at.parents.first()?)?;
    }
    Some(at)
}
