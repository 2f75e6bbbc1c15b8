//! PL/pgSQL functions that come down to one expression.

use std::cmp::Reverse;

use super::Prover;
use super::expr::{Expr, FromTable, Select};
use crate::catalog::Function;
use crate::query::{Arm, Use};
use crate::routine::RAISES;

/// What stands for a statement that raises.
pub(super) const RAISE: &str = "raise exception";

/// What a function returns, as a CASE over the paths through its body; `None` where it does more than
/// compute a value, or is not followed.
pub(super) fn expression(prover: &Prover<'_>, function: &Function) -> Option<Expr> {
    let plain = |setting: &String| setting.starts_with("search_path=");
    if function.returns_set || function.kind != 'f' || !function.config.iter().all(plain) {
        return None;
    }
    let account = prover.walker().computed(function);
    let only_computes = account.unknown.is_empty()
        && account.changes.is_empty()
        && account.emptied.is_empty()
        && account.stored.is_empty()
        && !account.says
        && !account.left_switched;
    if !only_computes || account.shown.is_empty() {
        return None;
    }
    let mut paths = Vec::new();
    for Use { arm, .. } in account.shown.iter().map(AsRef::as_ref) {
        paths.push((arm.rows.len(), path(prover, arm)?));
    }
    // What a handler returns comes first: the rest is not reached. Then the paths on which rows were
    // found: those on which none were do not say so, and are taken where the others are not.
    paths.sort_by_key(|(rows, (condition, _))| (!raises(condition), Reverse(*rows)));
    let arms: Vec<(Expr, Expr)> = paths.into_iter().map(|(_, path)| path).collect();
    Some(match arms.as_slice() {
        [(Expr::And(none), value)] if none.is_empty() => value.clone(),
        // A path that is not here raises.
        _ => Expr::Case(arms, Box::new(Expr::Call(RAISE.into(), Vec::new()))),
    })
}

/// One path: when it is taken, and what it returns.
fn path(prover: &Prover<'_>, arm: &Arm) -> Option<(Expr, Expr)> {
    let [(_, value)] = arm.targets.as_slice() else {
        return None;
    };
    if arm.limited || !arm.inner.is_empty() {
        return None;
    }
    let condition = Expr::And(arm.conditions.clone());
    if arm.rows.is_empty() {
        return Some((condition, value.clone()));
    }
    let snapshot = prover.tenancy.snapshot;
    let from = arm.rows.iter().map(|row| {
        let relation = snapshot.relations.get(&row.relation)?;
        (row.through.is_empty() && !row.switched).then(|| FromTable {
            schema: Some(relation.schema_name.to_string()),
            name: relation.name.clone(),
            alias: row.alias.clone(),
        })
    });
    let from: Vec<FromTable> = from.collect::<Option<_>>()?;
    let select = |target: Expr| {
        Box::new(Select {
            targets: vec![(target, None)],
            from: from.clone(),
            filter: Some(condition.clone()),
        })
    };
    Some((
        Expr::Exists(select(Expr::Bool(true))),
        Expr::Scalar(select(value.clone())),
    ))
}

/// Whether a path goes through a handler.
fn raises(condition: &Expr) -> bool {
    let mut found = false;
    condition.walk(&mut |part| {
        found |= matches!(part, Expr::Argument(name) if name == RAISES);
        !found
    });
    found
}
