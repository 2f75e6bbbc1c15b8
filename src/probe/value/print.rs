//! An expression without columns as SQL again, to be computed by the server.

use crate::predicate::Expr;
use crate::session::quote;

/// The expression as SQL; `None` where a part is not one that is written anew, or is a column that
/// `column` does not know.
pub(super) fn sql(expr: &Expr, column: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let all = |items: &[Expr]| -> Option<Vec<String>> {
        items.iter().map(|item| sql(item, column)).collect()
    };
    Some(match expr {
        Expr::Literal(text) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => format!("({text})"),
            _ => quote::literal(text),
        },
        Expr::Bool(value) => value.to_string(),
        Expr::Null => "null".to_owned(),
        Expr::Cast(inner, ty) => match &**inner {
            Expr::Literal(text) => format!("({}::{ty})", quote::literal(text)),
            inner => format!("({}::{ty})", sql(inner, column)?),
        },
        Expr::Call(name, items) if items.is_empty() && is_word(name) => name.clone(),
        Expr::Call(name, items) => format!("{}({})", function(name)?, all(items)?.join(", ")),
        Expr::Binary(op, left, right) if is_operator(op) => {
            format!("({} {op} {})", sql(left, column)?, sql(right, column)?)
        }
        Expr::And(items) => format!("({})", all(items)?.join(" and ")),
        Expr::Or(items) => format!("({})", all(items)?.join(" or ")),
        Expr::Not(inner) => format!("(not {})", sql(inner, column)?),
        Expr::IsNull(inner) => format!("({} is null)", sql(inner, column)?),
        Expr::Column { name, .. } => column(name)?,
        _ => return None,
    })
}

/// Functions that are written without parentheses.
fn is_word(name: &str) -> bool {
    name.starts_with("current_") || name.starts_with("local") || name.ends_with("_user")
}

/// A function's name: `schema.name`, each part quoted as needed.
fn function(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [name] | [_, name] if name.is_empty() => None,
        // "coalesce" and its like are syntax, and so cannot be quoted.
        [name] => is_plain(name).then(|| (*name).to_owned()),
        [schema, name] => Some(quote::qualified(schema, name)),
        _ => None,
    }
}

fn is_plain(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_operator(op: &str) -> bool {
    !op.is_empty() && op.chars().all(|c| "+-*/<>=~!@#%^&|`?".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::expression;

    fn written(text: &str) -> Option<String> {
        sql(&expression(text).unwrap(), &|_| None)
    }

    #[test]
    fn constants_that_the_server_computes() {
        assert_eq!(
            written("(CURRENT_DATE - '18 years'::interval)").as_deref(),
            Some("(current_date - ('18 years'::interval))")
        );
        assert_eq!(written("now()").as_deref(), Some("now()"));
        assert_eq!(written("'it''s'::text").as_deref(), Some("('it''s'::text)"));
        assert_eq!(written("a + 1"), None);
    }
}
