//! Functions that are one expression: SQL bodies, and PL/pgSQL that only returns.

use super::expr::Expr;
use super::{Prover, parse};
use crate::catalog::Function;

/// The expression that a call stands for, with its arguments in place; `None` where the function
/// is not known, is overloaded, or does more than compute one expression.
pub(super) fn expression(prover: &Prover<'_>, name: &str, arguments: &[Expr]) -> Option<Expr> {
    let function = prover.function(name, arguments.len())?;
    let body = body(function)?;
    let names = parameter_names(function);
    Some(substitute(&body, &names, arguments))
}

/// The body as an expression without a table.
pub(super) fn body(function: &Function) -> Option<Expr> {
    // A SET clause other than search_path may change what the body reads.
    let changes_settings = function
        .config
        .iter()
        .any(|setting| !setting.starts_with("search_path="));
    if changes_settings || function.returns_set || function.kind != 'f' {
        return None;
    }
    let text = function.body.trim();
    match function.language.as_str() {
        "sql" => {
            let text = atomic(text).unwrap_or(text);
            if let Some(value) = strip_word(text, "return") {
                return parse::expression(value.trim_end_matches(';').trim());
            }
            let query = parse::query(text)?;
            match query.targets.as_slice() {
                [(target, _)] if query.from.is_empty() && query.filter.is_none() => {
                    Some(target.clone())
                }
                _ => None,
            }
        }
        "plpgsql" => {
            let inner = strip_word(text, "begin")?.trim();
            let inner = inner.trim_end_matches(';').trim_end();
            let end = inner.len().checked_sub(3)?;
            let statement = inner.get(..end).filter(|_| {
                inner
                    .get(end..)
                    .is_some_and(|word| word.eq_ignore_ascii_case("end"))
            })?;
            let value = strip_word(statement.trim(), "return")?.trim();
            let value = value.strip_suffix(';')?.trim();
            // More than one statement does not parse as one expression.
            parse::expression(value)
        }
        _ => None,
    }
}

pub(crate) fn atomic(text: &str) -> Option<&str> {
    let inner = strip_word(strip_word(text, "begin")?.trim_start(), "atomic")?.trim();
    let inner = inner.trim_end_matches(';').trim_end();
    let end = inner.len().checked_sub(3)?;
    inner
        .get(end..)
        .filter(|word| word.eq_ignore_ascii_case("end"))?;
    inner.get(..end).map(str::trim)
}

/// The rest of a text after a leading keyword.
pub(crate) fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let head = text.get(..word.len())?;
    let rest = &text[word.len()..];
    (head.eq_ignore_ascii_case(word) && rest.starts_with(|c: char| c.is_whitespace() || c == '('))
        .then_some(rest)
}

/// Parameter names in order; empty for one without a name.
pub(crate) fn parameter_names(function: &Function) -> Vec<String> {
    function
        .arguments
        .split(", ")
        .map(|argument| {
            let words: Vec<&str> = argument.split_whitespace().collect();
            match words.as_slice() {
                ["IN", name, _, ..] | [name, _, ..] => name.trim_matches('"').to_owned(),
                _ => String::new(),
            }
        })
        .collect()
}

fn substitute(expr: &Expr, names: &[String], arguments: &[Expr]) -> Expr {
    let sub = |expr: &Expr| substitute(expr, names, arguments);
    let boxed = |expr: &Expr| Box::new(substitute(expr, names, arguments));
    match expr {
        Expr::Parameter(number) => arguments.get(*number).cloned().unwrap_or(Expr::Null),
        Expr::Column { table: None, name } => {
            match names.iter().position(|known| known == name) {
                Some(at) => arguments.get(at).cloned().unwrap_or(Expr::Null),
                // Not a parameter and no table: nothing that we understand.
                None => Expr::Opaque(name.clone()),
            }
        }
        Expr::Column { .. } => Expr::Opaque("a column of another scope".into()),
        Expr::Literal(_) | Expr::Bool(_) | Expr::Null | Expr::Argument(_) | Expr::Opaque(_) => {
            expr.clone()
        }
        Expr::Cast(inner, ty) => Expr::Cast(boxed(inner), ty.clone()),
        Expr::Call(name, items) => Expr::Call(name.clone(), items.iter().map(sub).collect()),
        Expr::And(items) => Expr::And(items.iter().map(sub).collect()),
        Expr::Or(items) => Expr::Or(items.iter().map(sub).collect()),
        Expr::Not(inner) => Expr::Not(boxed(inner)),
        Expr::IsNull(inner) => Expr::IsNull(boxed(inner)),
        Expr::IsTrue(inner) => Expr::IsTrue(boxed(inner)),
        Expr::Binary(op, left, right) => Expr::Binary(op.clone(), boxed(left), boxed(right)),
        Expr::Same(left, right) => Expr::Same(boxed(left), boxed(right)),
        Expr::OneOf(item, list) => Expr::OneOf(boxed(item), list.iter().map(sub).collect()),
        Expr::Case(arms, otherwise) => Expr::Case(
            arms.iter()
                .map(|(condition, result)| (sub(condition), sub(result)))
                .collect(),
            boxed(otherwise),
        ),
        Expr::Scalar(select) if select.from.is_empty() && select.filter.is_none() => {
            match select.targets.as_slice() {
                [(target, _)] => sub(target),
                _ => Expr::Opaque("a sub-select".into()),
            }
        }
        Expr::Scalar(_) | Expr::Exists(_) | Expr::InSelect(..) => {
            Expr::Opaque("a sub-select inside a function".into())
        }
    }
}
