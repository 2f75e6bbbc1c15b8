//! Rows of other organizations that a function's account leads to.

use super::engine::Engine;
use crate::catalog::{Oid, RelationKind};
use crate::finding::{Operation, Severity};
use crate::predicate::{Answer, Expr, Leak};
use crate::query::{Arm, Use};
use crate::session::quote;

/// One way from a function to another organization's rows.
pub(super) struct Hole {
    pub(super) operation: Operation,
    pub(super) table: Oid,
    pub(super) leak: Leak,
    /// Only whether something is there.
    pub(super) existence: bool,
    /// The unguessable column by which the row is found.
    pub(super) secret: Option<String>,
}

/// What the whole account comes to.
#[derive(Default)]
pub(super) struct Verdicts {
    pub(super) holes: Vec<Hole>,
    pub(super) unproven: Vec<(String, Oid)>,
    pub(super) proved: Vec<Oid>,
}

impl Verdicts {
    /// Judges one row of an arm, if it is one of a tenant table and not simply the caller's own to see.
    pub(super) fn weigh(
        &mut self,
        engine: &Engine<'_>,
        (arm, at): (&Arm, usize),
        operation: Operation,
        existence: bool,
    ) {
        let Some(row) = arm.rows.get(at) else {
            return;
        };
        let tenant = engine.tenancy.tables.contains_key(&row.relation);
        let relation = engine.snapshot().relations.get(&row.relation);
        if let Some(table) = relation.filter(|table| table.kind == RelationKind::ForeignTable)
            && row.as_role != engine.powers.role
            && super::readable::carries_key(engine, table)
        {
            let reason = format!(
                "{} is a foreign table and cannot have policies",
                table.qualified()
            );
            self.unproven.push((reason, row.relation));
            return;
        }
        if !tenant || (row.as_role == engine.powers.role && !row.switched) {
            return;
        }
        let prover = engine.prover_for(row.as_role);
        match prover.judge_row(arm, at, &|role| engine.prover_for(role)) {
            Answer::Proved(_) | Answer::Denied => self.proved.push(row.relation),
            Answer::Unproven(reason) => self.unproven.push((reason, row.relation)),
            // That a row of one's own is there, by a name of one's own, is no news.
            Answer::Leaking(leak) if existence && leak.by_setting && !by_argument(&leak) => {
                self.proved.push(row.relation);
            }
            Answer::Leaking(leak) => self.holes.push(Hole {
                operation,
                table: row.relation,
                leak,
                existence,
                secret: secret(engine, arm),
            }),
        }
    }
}

/// What is shown, and the sub-selects of its results beside it, with the rows that are meant.
pub(super) fn parts(shown: &Use) -> Vec<(Arm, Vec<usize>)> {
    let mut all = vec![(shown.arm.clone(), shown.rows.clone())];
    for inner in &shown.arm.inner {
        for arm in with_inner(inner) {
            let rows = (0..arm.rows.len()).collect();
            all.push((arm.beside(&shown.arm), rows));
        }
    }
    all
}

/// An arm, and its results' sub-selects beside it.
pub(super) fn with_inner(arm: &Arm) -> Vec<Arm> {
    let mut all = vec![Arm {
        inner: Vec::new(),
        ..arm.clone()
    }];
    for inner in &arm.inner {
        let joined = arm.beside(inner);
        all.extend(with_inner(&Arm {
            inner: inner.inner.clone(),
            ..joined
        }));
    }
    all
}

fn by_argument(leak: &Leak) -> bool {
    leak.conditions
        .iter()
        .any(|condition| condition.contains("argument "))
}

/// Whether a column is named as what only its organization knows.
pub fn is_secret(column: &str) -> bool {
    const WORDS: [&str; 9] = [
        "token",
        "secret",
        "hash",
        "digest",
        "nonce",
        "signature",
        "api_key",
        "apikey",
        "password",
    ];
    let lower = column.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// A column that finds the row by what only those know whom its organization told: unique, named
/// as a secret is, and compared with what the caller passes.
fn secret(engine: &Engine<'_>, arm: &Arm) -> Option<String> {
    arm.conditions.iter().find_map(|condition| {
        let Expr::Binary(op, left, right) = condition else {
            return None;
        };
        let (Expr::Column { table, name }, given) = (match (left.as_ref(), right.as_ref()) {
            (column @ Expr::Column { .. }, given) | (given, column @ Expr::Column { .. }) => {
                (column, given)
            }
            _ => return None,
        }) else {
            return None;
        };
        let row = arm
            .rows
            .iter()
            .find(|row| Some(&row.alias) == table.as_ref())?;
        let relation = engine.snapshot().relations.get(&row.relation)?;
        let column = relation.column(name)?;
        let mut chosen = false;
        given.walk(&mut |part| {
            chosen |= matches!(part, Expr::Argument(_));
            true
        });
        let unique = relation
            .indexes
            .iter()
            .any(|index| index.unique && index.columns == [column.number]);
        (op == "=" && chosen && unique && is_secret(name))
            .then(|| format!("{}.{}", relation.qualified(), quote::ident(name)))
    })
}

pub(super) fn worst<'h>(holes: &[&'h Hole]) -> &'h Hole {
    let mut worst = holes[0];
    for hole in holes {
        if severity(hole) > severity(worst) {
            worst = hole;
        }
    }
    worst
}

pub(super) fn severity(hole: &Hole) -> Severity {
    match (hole.existence, hole.leak.by_row) {
        // One bit at a time: whether something exists.
        (true, _) => Severity::Medium,
        (false, true) if !by_argument(&hole.leak) => Severity::High,
        (false, _) => Severity::Critical,
    }
}
