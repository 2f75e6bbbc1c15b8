//! Sub-selects that are values: the one row that they return, and aggregates.

use super::eval::Evaluation;
use super::expr::{Expr, Select};
use super::scope::Scope;
use super::subselect::{Question, reads_table, tables};
use super::truth::Truth;

impl Evaluation<'_, '_> {
    /// `item = ANY ((SELECT array_agg(…) …))`, which is NULL where there are no rows.
    pub(super) fn aggregated(&mut self, select: &Select, item: &Expr, scope: &Scope<'_>) -> Truth {
        let question = Question {
            select,
            item: Some(item),
            also: None,
            single: true,
        };
        self.ask(&question, scope)
    }

    /// A sub-select that is a condition.
    pub(super) fn scalar(&mut self, select: &Select, scope: &Scope<'_>) -> Truth {
        let [(target, _)] = select.targets.as_slice() else {
            return self.opaque("a sub-select of several columns");
        };
        match target {
            Expr::Call(name, arguments) if plain(name) == "bool_or" => match arguments.as_slice() {
                [condition] => self.any(select, condition, scope),
                _ => self.opaque("bool_or()"),
            },
            Expr::Binary(op, left, right) if is_count(left) || is_count(right) => {
                let (op, count, bound) = match is_count(left) {
                    true => (op.clone(), left, right),
                    false => (mirrored(op), right, left),
                };
                self.count_is(select, count, (&op, bound), scope)
            }
            Expr::Call(name, arguments) if plain(name) == "coalesce" => {
                match arguments.as_slice() {
                    [first, Expr::Bool(false)] => {
                        let mut without = select.clone();
                        without.targets = vec![(first.clone(), None)];
                        Truth::is_true(self.scalar(&without, scope))
                    }
                    _ => self.opaque(format!("COALESCE() of {}", tables(select))),
                }
            }
            condition => match aggregate(select) {
                Some(name) => self.opaque(format!("{name}() of {}", tables(select))),
                None => self.some(select, Some(condition), true, scope),
            },
        }
    }

    /// `bool_or(condition)`: where it is not true of any row, it is NULL if there is no row or if it is
    /// NULL of all, and false otherwise.
    fn any(&mut self, select: &Select, condition: &Expr, scope: &Scope<'_>) -> Truth {
        let some = self.some(select, Some(condition), false, scope);
        let null = self.opaque(format!("whether bool_or() of {} is NULL", tables(select)));
        Truth::or(vec![
            Truth::is_true(some),
            Truth::and(vec![Truth::Null, null]),
        ])
    }

    fn some(
        &mut self,
        select: &Select,
        also: Option<&Expr>,
        single: bool,
        scope: &Scope<'_>,
    ) -> Truth {
        let question = Question {
            select,
            item: None,
            also,
            single,
        };
        self.ask(&question, scope)
    }

    /// `(SELECT count(*) …) > 0` and its like; `None` where it is something else.
    pub(super) fn counted(
        &mut self,
        op: &str,
        left: &Expr,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Option<Truth> {
        for (one, bound, op) in [(left, right, op.to_owned()), (right, left, mirrored(op))] {
            if let Expr::Scalar(select) = one
                && let [(count, _)] = select.targets.as_slice()
                && !select.from.is_empty()
                && is_count(count)
            {
                return Some(self.count_is(select, count, (&op, bound), scope));
            }
        }
        None
    }

    fn count_is(
        &mut self,
        select: &Select,
        count: &Expr,
        (op, bound): (&str, &Expr),
        scope: &Scope<'_>,
    ) -> Truth {
        let also = match count {
            Expr::Call(_, arguments) => arguments.first(),
            _ => None,
        };
        let not_null = also.map(|item| Expr::Not(Box::new(Expr::IsNull(Box::new(item.clone())))));
        let some = self.some(select, not_null.as_ref(), false, scope);
        let bound = match bound {
            Expr::Literal(number) => number.parse::<i64>().ok(),
            _ => None,
        };
        match (op, bound) {
            (">" | "<>", Some(0)) | (">=", Some(1)) => some,
            ("=" | "<=", Some(0)) | ("<", Some(1)) => Truth::not(some),
            (">" | ">=" | "=", Some(1..)) => {
                let enough = self.opaque(format!("how many rows {} has", tables(select)));
                Truth::and(vec![some, enough])
            }
            _ => self.opaque(format!("how many rows {} has", tables(select))),
        }
    }

    /// `one = other`, where `one` is what a table says; `None` where it is not.
    pub(super) fn equal_to_select(
        &mut self,
        one: &Expr,
        other: &Expr,
        scope: &Scope<'_>,
    ) -> Option<Truth> {
        match one {
            Expr::Cast(inner, ty) => {
                let Expr::Scalar(select) = &**inner else {
                    return None;
                };
                let [(target, name)] = select.targets.as_slice() else {
                    return None;
                };
                let mut cast = (**select).clone();
                let target = Expr::Cast(Box::new(target.clone()), ty.clone());
                cast.targets = vec![(target, name.clone())];
                self.equal_to_select(&Expr::Scalar(Box::new(cast)), other, scope)
            }
            Expr::Scalar(select) if !select.from.is_empty() => {
                self.equal_to_row(select, other, scope)
            }
            Expr::Scalar(select) if select.filter.is_none() => match select.targets.as_slice() {
                [(target, _)] => self.equal_to_select(target, other, scope),
                _ => None,
            },
            Expr::As(role, inner) if reads_table(inner) => {
                let other = Expr::As(self.prover.role, Box::new(other.clone()));
                Some(self.as_role(*role, |this| this.equal(inner, &other, scope)))
            }
            Expr::Call(name, arguments) if plain(name) == "coalesce" => {
                let [first, rest @ ..] = arguments.as_slice() else {
                    return None;
                };
                if rest.is_empty() || !reads_table(first) {
                    return None;
                }
                let first = self.equal(first, other, scope);
                let missing = self.opaque("whether the first argument of COALESCE() is NULL");
                let rest = Expr::Call(name.clone(), rest.to_vec());
                let rest = self.equal(&rest, other, scope);
                Some(Truth::or(vec![first, Truth::and(vec![missing, rest])]))
            }
            Expr::Call(name, arguments) => {
                let inlined = self.inlined(name, arguments, scope)?;
                reads_table(&inlined)
                    .then(|| self.deeper(|this| this.equal(&inlined, other, scope)))
            }
            Expr::Case(arms, otherwise) if reads_table(one) => {
                let arms = arms
                    .iter()
                    .map(|(when, then)| (when.clone(), equals(then, other)))
                    .collect();
                let otherwise = Box::new(equals(otherwise, other));
                Some(self.truth(&Expr::Case(arms, otherwise), scope))
            }
            _ => None,
        }
    }

    /// `(SELECT …) = other`
    fn equal_to_row(&mut self, select: &Select, other: &Expr, scope: &Scope<'_>) -> Option<Truth> {
        let mut select = select.clone();
        let [(target, _)] = select.targets.as_mut_slice() else {
            return None;
        };
        if let Expr::Call(name, arguments) = target
            && matches!(plain(name), "max" | "min")
            && arguments.len() == 1
        {
            *target = arguments.remove(0);
        }
        if aggregate(&select).is_some() {
            return None;
        }
        let question = Question {
            select: &select,
            item: Some(other),
            also: None,
            single: true,
        };
        Some(self.ask(&question, scope))
    }
}

fn equals(one: &Expr, other: &Expr) -> Expr {
    Expr::Binary("=".into(), Box::new(one.clone()), Box::new(other.clone()))
}

fn plain(name: &str) -> &str {
    name.strip_prefix("pg_catalog.").unwrap_or(name)
}

fn is_count(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(name, _) if plain(name) == "count")
}

const AGGREGATES: [&str; 18] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "bool_or",
    "bool_and",
    "every",
    "any_value",
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "bit_and",
    "bit_or",
    "mode",
];

/// An aggregate among the results: there is a row of it where there are none.
pub(super) fn aggregate(select: &Select) -> Option<String> {
    let mut found = None;
    for (target, _) in &select.targets {
        target.walk(&mut |expr| match expr {
            Expr::Call(name, _) if AGGREGATES.contains(&plain(name)) => {
                found = Some(plain(name).to_owned());
                false
            }
            Expr::Scalar(_) | Expr::Exists(_) | Expr::InSelect(..) => false,
            _ => true,
        });
    }
    found
}

fn mirrored(op: &str) -> String {
    match op {
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        other => other,
    }
    .to_owned()
}
