//! EXECUTE: SQL that is put together from constants can be read; what a caller's text becomes part
//! of cannot.

use crate::predicate::Expr;
use crate::query::SOME_NAME;

/// SQL with parameters, of a text expression that holds nothing but constants, quoted identifiers
/// and quoted literals; `None` where anything else becomes SQL. `used` parameters are taken.
pub(super) fn template(expr: &Expr, used: usize) -> Option<(String, Vec<Expr>)> {
    let mut made = Made {
        used,
        values: Vec::new(),
    };
    let text = made.text(expr)?;
    Some((text, made.values))
}

struct Made {
    used: usize,
    values: Vec<Expr>,
}

impl Made {
    fn text(&mut self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Literal(text) => Some(text.clone()),
            Expr::Cast(inner, _) => self.text(inner),
            Expr::Binary(op, left, right) if op == "||" => {
                let left = self.text(left)?;
                Some(left + &self.text(right)?)
            }
            Expr::Call(name, arguments) => {
                let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
                match (name, arguments.as_slice()) {
                    ("format", [Expr::Literal(form), arguments @ ..]) => {
                        self.format(form, arguments)
                    }
                    ("concat", parts) => parts.iter().map(|part| self.text(part)).collect(),
                    ("quote_literal" | "quote_nullable", [value]) => Some(self.literal(value)),
                    ("quote_ident", [value]) => Some(identifier(value)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A parameter in place of a literal: as safe, and its value is known.
    fn literal(&mut self, value: &Expr) -> String {
        self.values.push(value.clone());
        format!("${}", self.used + self.values.len())
    }

    fn format(&mut self, form: &str, arguments: &[Expr]) -> Option<String> {
        let mut out = String::new();
        let mut rest = form;
        let mut next = 0;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if !digits.is_empty() && rest[digits.len()..].starts_with('$') {
                next = digits.parse::<usize>().ok()?.checked_sub(1)?;
                rest = &rest[digits.len() + 1..];
            }
            let kind = rest.chars().next()?;
            rest = &rest[kind.len_utf8()..];
            if kind == '%' {
                out.push('%');
                continue;
            }
            let value = arguments.get(next)?;
            next += 1;
            match kind {
                'L' => out.push_str(&self.literal(value)),
                'I' => out.push_str(&identifier(value)),
                's' => out.push_str(&self.text(value)?),
                _ => return None,
            }
        }
        out.push_str(rest);
        Some(out)
    }
}

fn identifier(value: &Expr) -> String {
    match value {
        Expr::Literal(name) => crate::session::quote::ident(name),
        Expr::Cast(inner, _) => identifier(inner),
        _ => format!("\"{SOME_NAME}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::expression;

    fn made(text: &str) -> Option<(String, Vec<Expr>)> {
        template(&expression(text).unwrap(), 1)
    }

    #[test]
    fn constants_identifiers_and_literals_are_read() {
        let (text, values) =
            made("format('SELECT * FROM t WHERE a = $1 AND b = %L ORDER BY %I', x, y)").unwrap();
        assert_eq!(
            text,
            "SELECT * FROM t WHERE a = $1 AND b = $2 ORDER BY \"?\""
        );
        assert_eq!(values.len(), 1);
        assert_eq!(made("'a' || 'b'").unwrap().0, "ab");
        assert_eq!(
            made("format('100%% of %I', 'Odd')").unwrap().0,
            "100% of \"Odd\""
        );
    }

    #[test]
    fn what_the_caller_sends_is_not() {
        assert!(made("'SELECT ' || x").is_none());
        assert!(made("format('SELECT %s', x)").is_none());
        assert!(made("x").is_none());
    }
}
