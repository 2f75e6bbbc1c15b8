//! Conditions that are decided whatever the rows are.

use crate::predicate::Expr;

/// A truth value of SQL; `None` is NULL.
type Three = Option<bool>;

/// Whether a condition is true, where constants alone decide; NULL is not.
pub(super) fn decided(expr: &Expr) -> Option<bool> {
    truth(expr).map(|value| value == Some(true))
}

fn truth(expr: &Expr) -> Option<Three> {
    match expr {
        Expr::Bool(value) => Some(Some(*value)),
        Expr::Null => Some(None),
        Expr::Not(inner) => truth(inner).map(|value| value.map(|value| !value)),
        Expr::IsTrue(inner) => truth(inner).map(|value| Some(value == Some(true))),
        Expr::IsNull(inner) => value(inner).map(|value| Some(*value == Expr::Null)),
        Expr::And(items) => all(items, false),
        Expr::Or(items) => all(items, true),
        Expr::Binary(_, left, right) => [left, right]
            .into_iter()
            .any(|side| value(side) == Some(&Expr::Null))
            .then_some(None),
        _ => None,
    }
}

/// AND is decided by one FALSE, OR by one TRUE, and both by all.
fn all(items: &[Expr], winner: bool) -> Option<Three> {
    let known: Vec<Option<Three>> = items.iter().map(truth).collect();
    if known.contains(&Some(Some(winner))) {
        return Some(Some(winner));
    }
    let known: Vec<Three> = known.into_iter().collect::<Option<_>>()?;
    Some(match known.contains(&None) {
        true => None,
        false => Some(!winner),
    })
}

/// A constant, below casts.
fn value(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Cast(inner, _) => value(inner),
        Expr::Null | Expr::Literal(_) | Expr::Bool(_) => Some(expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::expression;

    #[test]
    fn null_is_neither() {
        let of = |text: &str| decided(&expression(text).unwrap());
        assert_eq!(of("NULL IS NULL"), Some(true));
        assert_eq!(of("NOT (NULL = 1)"), Some(false));
        assert_eq!(of("NULL = a AND true"), Some(false));
        assert_eq!(of("NULL = a OR true"), Some(true));
        assert_eq!(of("a = b"), None);
        assert_eq!(of("NOT false"), Some(true));
    }
}
