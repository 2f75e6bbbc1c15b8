//! What the conditions of a path say of the arguments: one that equals the context is the context.

use super::expr::{Expr, Rewrite};

/// The conditions with arguments replaced by what they must be, one list for each possibility.
///
/// `p = context` leaves only the context. `p <> context` that was not true (a guard that raises)
/// leaves the context and NULL, if the context is there (`known`): where it is NULL, the guard
/// lets any argument through.
pub(super) fn alternatives(conditions: &[Expr], known: bool) -> Vec<Vec<Expr>> {
    let mut flat = Vec::new();
    for condition in conditions {
        simplify(condition, &mut flat);
    }
    let mut all = vec![flat.clone()];
    for condition in &flat {
        let Some((name, value, or_null)) = pinned(condition, known) else {
            continue;
        };
        let mut next = Vec::new();
        for list in &all {
            next.push(replace_all(list, &name, &value));
            if or_null {
                next.push(replace_all(list, &name, &Expr::Null));
            }
        }
        all = next;
    }
    all
}

/// NOT (a OR b) IS TRUE is NOT a IS TRUE and NOT b IS TRUE.
fn simplify(condition: &Expr, into: &mut Vec<Expr>) {
    match condition {
        Expr::And(items) => items.iter().for_each(|item| simplify(item, into)),
        Expr::Not(inner) => match inner.as_ref() {
            Expr::IsTrue(inner) => match inner.as_ref() {
                Expr::Or(items) => items.iter().for_each(|item| simplify(&untrue(item), into)),
                Expr::Not(same) if matches!(same.as_ref(), Expr::Same(..)) => {
                    into.push((**same).clone());
                }
                _ => into.push(condition.clone()),
            },
            _ => into.push(condition.clone()),
        },
        other => into.push(other.clone()),
    }
}

fn untrue(expr: &Expr) -> Expr {
    Expr::Not(Box::new(Expr::IsTrue(Box::new(expr.clone()))))
}

/// The argument that a condition fixes, its value, and whether it may be NULL as well.
fn pinned(condition: &Expr, known: bool) -> Option<(String, Expr, bool)> {
    match condition {
        Expr::Binary(op, left, right) if op == "=" => {
            equal(left, right).map(|(name, value)| (name, value, false))
        }
        Expr::Same(left, right) => equal(left, right).map(|(name, value)| (name, value, !known)),
        Expr::Not(inner) if known => {
            let Expr::IsTrue(inner) = inner.as_ref() else {
                return None;
            };
            let (left, right) = match inner.as_ref() {
                Expr::Binary(op, left, right) if op == "<>" => (left, right),
                Expr::Not(inner) => match inner.as_ref() {
                    Expr::Binary(op, left, right) if op == "=" => (left, right),
                    _ => return None,
                },
                _ => return None,
            };
            equal(left, right).map(|(name, value)| (name, value, true))
        }
        _ => None,
    }
}

fn equal(left: &Expr, right: &Expr) -> Option<(String, Expr)> {
    [(left, right), (right, left)]
        .into_iter()
        .find_map(|(one, other)| match argument(one) {
            Some(name) if closed(other) => Some((name.to_owned(), other.clone())),
            _ => None,
        })
}

fn argument(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Argument(name) => Some(name),
        Expr::Cast(inner, _) => argument(inner),
        _ => None,
    }
}

/// Whether an expression is the session's alone: no row, no argument.
fn closed(expr: &Expr) -> bool {
    let mut closed = true;
    expr.walk(&mut |part| {
        closed &= !matches!(
            part,
            Expr::Column { .. } | Expr::Argument(_) | Expr::Opaque(_) | Expr::Parameter(_)
        );
        true
    });
    closed
}

/// Puts a value in the place of one argument.
struct Given<'g> {
    name: &'g str,
    value: &'g Expr,
}

impl Rewrite for Given<'_> {
    fn argument(&mut self, name: &str) -> Option<Expr> {
        (name == self.name).then(|| self.value.clone())
    }
}

fn replace_all(conditions: &[Expr], name: &str, value: &Expr) -> Vec<Expr> {
    conditions
        .iter()
        .map(|condition| condition.rewrite(&mut Given { name, value }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::expression;

    fn with_argument(text: &str) -> Expr {
        expression(text).unwrap().map(|table, name, _| {
            (table.is_none() && name == "p").then(|| Expr::Argument("p".to_owned()))
        })
    }

    #[test]
    fn an_argument_that_equals_the_context_is_the_context() {
        let conditions = [
            with_argument("t.k = p"),
            with_argument("p = current_setting('app.x')"),
        ];
        let found = alternatives(&conditions, true);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0][0],
            expression("t.k = current_setting('app.x')").unwrap()
        );
    }

    #[test]
    fn a_guard_lets_null_through() {
        let guard = untrue(&with_argument("p <> current_setting('app.x')"));
        let conditions = [guard, with_argument("t.k = p")];
        assert_eq!(alternatives(&conditions, true).len(), 2);
        assert_eq!(alternatives(&conditions, false).len(), 1);
        let strict = untrue(&with_argument(
            "p IS DISTINCT FROM current_setting('app.x') OR p IS NULL",
        ));
        let found = alternatives(&[strict, with_argument("t.k = p")], true);
        assert_eq!(found.len(), 1);
    }
}
