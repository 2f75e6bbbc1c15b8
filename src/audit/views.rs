//! Views, materialized views and foreign tables: other ways to the same rows.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::engine::Engine;
use super::functions;
use super::holes::with_inner;
use super::readable;
use crate::catalog::{Oid, Relation, RelationKind};
use crate::finding::Verdict;
use crate::paths::routes;
use crate::predicate::{Answer, Need, parse};
use crate::query::{Arm, Row};
use crate::routine::Walker;
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>) {
    let walker = Walker::new(engine.tenancy);
    let mut relations: Vec<&Relation> = engine
        .snapshot()
        .relations
        .values()
        .filter(|relation| !relation.of_extension)
        .collect();
    relations.sort_by_key(|relation| (relation.schema_name.clone(), relation.name.clone()));
    for relation in relations {
        if engine.access(relation).is_none() {
            continue;
        }
        match relation.kind {
            RelationKind::View => {
                view(engine, &walker, relation);
                super::rules::audit(engine, &walker, relation);
            }
            RelationKind::MaterializedView => readable::materialized_view(engine, relation),
            RelationKind::ForeignTable => readable::foreign_table(engine, relation),
            RelationKind::Table | RelationKind::Partitioned => {
                super::rules::audit(engine, &walker, relation)
            }
            RelationKind::Sequence => {}
        }
    }
}

/// The verdict on one row that a view reads.
enum Passage {
    Closed(String),
    /// Filtered by the view alone, without a barrier.
    NoBarrier(String),
    Open(String),
    Unknown(String),
}

/// What a view shows, one row of one way through it after the other.
struct Shown {
    row: Row,
    passage: Passage,
}

fn view(engine: &mut Engine<'_>, walker: &Walker<'_>, view: &Relation) {
    let object = view.qualified();
    let access = engine.access(view);
    let frame = walker.frame(engine.powers.role);
    let shown = match walker.view(view, &frame) {
        Ok(arms) => passages(engine, walker, &arms),
        Err(reason) => not_followed(engine, view, &reason),
    };
    super::written::audit(engine, walker, view);
    calls(engine, walker, view);
    let (mut closed, mut unknown, mut leak) = (None, None, None);
    let (mut open, mut unbarred) = (false, false);
    for Shown { row, passage } in shown {
        match passage {
            Passage::Closed(reason) => closed = closed.or(Some(reason)),
            Passage::Unknown(reason) => unknown = unknown.or(Some(reason)),
            Passage::Open(why) => {
                // Said once a view, whichever table it is.
                if !std::mem::replace(&mut open, true) {
                    readable::open_view(engine, (view, &object), &row, &why);
                }
                leak = leak.or(Some(("view-bypasses-rls", why)));
            }
            Passage::NoBarrier(why) => {
                if !std::mem::replace(&mut unbarred, true) {
                    readable::no_barrier(engine, view, &object, &why);
                }
                leak = leak.or(Some(("view-without-barrier", why)));
            }
        }
    }
    for operation in access.operations {
        match (&leak, &unknown, &closed) {
            (Some((check, why)), _, _) => {
                engine.cover_leak(&object, operation, why.clone(), (check, &object));
            }
            (None, Some(reason), _) => {
                engine.cover(&object, operation, Verdict::Unproven, reason.clone());
            }
            (None, None, Some(reason)) => {
                engine.cover(&object, operation, Verdict::Proved, reason.clone());
            }
            // It reads no tenant table.
            (None, None, None) => {}
        }
    }
}

/// Functions that only the view leads to: its text names them, whatever schema they are in.
fn calls(engine: &mut Engine<'_>, walker: &Walker<'_>, view: &Relation) {
    let frame = walker.frame(engine.powers.role);
    let Ok(arms) = walker.view(view, &frame) else {
        return;
    };
    let mut seen = BTreeSet::new();
    for arm in arms.iter().flat_map(with_inner) {
        for (function, mut account) in walker.calls(&arm, &frame) {
            let judged = !function.security_definer
                || function.of_extension
                || functions::callable(engine, function);
            if judged || !functions::executable(engine, function) || !seen.insert(function.oid) {
                continue;
            }
            // What the view passes is read by the view.
            for shown in &mut account.shown {
                let shown = Rc::make_mut(shown);
                let rows = &shown.arm.rows;
                let own = |at: &usize| rows.get(*at).is_some_and(|row| !arm.rows.contains(row));
                shown.rows.retain(own);
            }
            let entry = vec![
                engine.app.clone(),
                format!("SELECT on {}", view.qualified()),
                format!("it calls {}", function.signature()),
            ];
            functions::judge(engine, function, &account, entry);
        }
    }
}

/// The verdicts on every tenant's row in the arms of a query that the application runs.
fn passages(engine: &Engine<'_>, walker: &Walker<'_>, arms: &[Arm]) -> Vec<Shown> {
    let mut found = Vec::new();
    for arm in arms.iter().flat_map(with_inner) {
        for (at, row) in arm.rows.iter().enumerate() {
            if let Some(passage) = passage(engine, walker, &arm, at) {
                found.push(Shown {
                    row: row.clone(),
                    passage,
                });
            }
        }
    }
    found
}

/// `None` where the row is of no tenant.
fn passage(engine: &Engine<'_>, walker: &Walker<'_>, arm: &Arm, at: usize) -> Option<Passage> {
    let snapshot = engine.snapshot();
    let row = arm.rows.get(at)?;
    let target = snapshot.relations.get(&row.relation)?;
    if !engine.tenancy.tables.contains_key(&row.relation) {
        return None;
    }
    let stored = stored_by(engine, row);
    let prover = engine.prover_for(row.as_role);
    let unfiltered = match stored {
        Some(view) => Some(format!("{} stores what its owner saw", view.qualified())),
        None => prover.unfiltered(target),
    };
    let who = quote::ident(snapshot.role_name(row.as_role));
    let Some(unfiltered) = unfiltered else {
        if row.as_role == engine.powers.role {
            return Some(Passage::Closed(format!(
                "it reads {} as the caller, whom its policies bind",
                target.qualified()
            )));
        }
        return Some(match prover.judge(target, Need::Select) {
            Answer::Proved(_) | Answer::Denied => Passage::Closed(format!(
                "it reads {} as {who}, whom the policies there bind, with the session's context",
                target.qualified()
            )),
            Answer::Leaking(leak) => Passage::Open(leak.words()),
            Answer::Unproven(reason) => Passage::Unknown(reason),
        });
    };
    let provers = |role| engine.prover_for(role);
    Some(match engine.prover.judge_row(arm, at, &provers) {
        Answer::Proved(_) | Answer::Denied if behind_barrier(engine, walker, row) => {
            Passage::Closed(
                "its own WHERE pins the tenant, and security_barrier keeps the caller's functions behind it".into(),
            )
        }
        Answer::Proved(_) | Answer::Denied => Passage::NoBarrier(unfiltered),
        Answer::Leaking(leak) if leak.conditions.is_empty() => Passage::Open(unfiltered),
        Answer::Leaking(leak) => Passage::Open(format!("{unfiltered}; {}", leak.words())),
        // Not followed, but nothing on the way can tell one session from another.
        Answer::Unproven(_)
            if prover.is_unbound() && row.through.iter().all(|oid| same_for_all(engine, *oid)) =>
        {
            Passage::Open(unfiltered)
        }
        Answer::Unproven(reason) => Passage::Unknown(format!("{unfiltered}; {reason}")),
    })
}

/// The materialized view that a row was stored in, if any.
fn stored_by<'a>(engine: &Engine<'a>, row: &Row) -> Option<&'a Relation> {
    row.through
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .find(|view| view.kind == RelationKind::MaterializedView)
}

/// Whether some security barrier on the way has all that pins the row inside it: what a caller asks
/// from outside is then evaluated after it. `rules-privileges`.
fn behind_barrier(engine: &Engine<'_>, walker: &Walker<'_>, row: &Row) -> bool {
    let provers = |role| engine.prover_for(role);
    row.through
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .filter(|view| view.security_barrier)
        .any(|view| {
            let frame = walker.frame(engine.powers.role);
            let Ok(arms) = walker.view(view, &frame) else {
                return false;
            };
            arms.iter().flat_map(with_inner).all(|arm| {
                arm.rows.iter().enumerate().all(|(at, inner)| {
                    inner.relation != row.relation
                        || matches!(
                            engine.prover.judge_row(&arm, at, &provers),
                            Answer::Proved(_) | Answer::Denied
                        )
                })
            })
        })
}

/// A view whose query is not followed: open where nothing it does can tell sessions apart.
fn not_followed(engine: &Engine<'_>, view: &Relation, reason: &str) -> Vec<Shown> {
    let snapshot = engine.snapshot();
    let mut found = Vec::new();
    for route in routes(snapshot, view, engine.powers.role, |_| 0) {
        let tenant = engine.tenancy.tables.contains_key(&route.target);
        let Some(target) = snapshot.relations.get(&route.target).filter(|_| tenant) else {
            continue;
        };
        let prover = engine.prover_for(route.as_role);
        let passage = match prover.unfiltered(target) {
            Some(why)
                if prover.is_unbound()
                    && route.through.iter().all(|oid| same_for_all(engine, *oid)) =>
            {
                Passage::Open(why)
            }
            Some(why) => Passage::Unknown(format!("{why}; {reason}")),
            None => Passage::Closed("whoever reads it, policies bind".into()),
        };
        found.push(Shown {
            row: Row {
                relation: route.target,
                alias: target.name.clone(),
                as_role: route.as_role,
                through: route.through,
                switched: false,
            },
            passage,
        });
    }
    found
}

/// Whether a view's query shows every session the same: it reads no setting, asks for no user and
/// calls no function of this database's own.
fn same_for_all(engine: &Engine<'_>, view: Oid) -> bool {
    let snapshot = engine.snapshot();
    let Some(text) = snapshot
        .relations
        .get(&view)
        .and_then(|view| view.definition.as_deref())
    else {
        return false;
    };
    // What the server could not print, or what we cannot read, may do anything.
    if parse::statement(text).is_none() {
        return false;
    }
    let text = text.to_lowercase();
    let session = [
        "current_setting",
        "current_user",
        "session_user",
        "current_role",
        "pg_backend_pid",
    ];
    !session.iter().any(|word| text.contains(word))
        && !snapshot
            .functions
            .values()
            .any(|function| text.contains(&format!("{}(", function.name.to_lowercase())))
}
