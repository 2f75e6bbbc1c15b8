//! Comparisons: what equality and order say of a row of another tenant.

use super::eval::{CONTEXT_MARK, Evaluation, KEY_MARK, constant};
use super::expr::Expr;
use super::scope::Scope;
use super::truth::{AtomKind, Truth};
use super::value::{Side, TypeKind, Value};

impl Evaluation<'_, '_> {
    /// IS NOT DISTINCT FROM: equality for which NULL is a value.
    pub(super) fn same(&mut self, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Truth {
        let (l, r) = (self.value(left, scope), self.value(right, scope));
        match (&l, &r) {
            (Value::Null, _) => self.is_null(right, scope),
            (_, Value::Null) => self.is_null(left, scope),
            _ => Truth::is_true(self.equal_values(l, r)),
        }
    }

    pub(super) fn equal(&mut self, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Truth {
        for (one, other) in [(left, right), (right, left)] {
            if let Expr::Case(arms, otherwise) = one {
                return self.case(arms, otherwise, scope, &mut |this, result| {
                    this.equal(result, other, scope)
                });
            }
        }
        let (l, r) = (self.value(left, scope), self.value(right, scope));
        self.equal_values(l, r)
    }

    pub(super) fn equal_values(&mut self, left: Value, right: Value) -> Truth {
        use Value::{Bool, Context, Key, Lossy, Null, Opaque, Parent, Row, Setting, Text};
        let text = format!("{} = {}", left.text(), right.text());
        match (left, right) {
            (Null, _) | (_, Null) => Truth::Null,
            (Key, Context) | (Context, Key) => Truth::False,
            (Key, Key) | (Context, Context) => Truth::True,
            (Bool(a), Bool(b)) => constant(a == b),
            (
                Parent {
                    relation: a,
                    column: x,
                },
                Parent {
                    relation: b,
                    column: y,
                },
            ) if (a, x) == (b, y) => Truth::True,
            (Text(a), Text(b)) if a == b => Truth::True,
            // Constants are printed in one spelling each, but for numbers and what functions hold.
            (Text(a), Text(b)) if !may_be_one_value(&a, &b) => Truth::False,
            (Text(_), Text(_)) => self.atoms.atom(text, AtomKind::Opaque),
            // The empty string names no tenant.
            (Key | Context, Text(text)) | (Text(text), Key | Context) if text.is_empty() => {
                Truth::False
            }
            (Lossy { text: a, of: x }, Lossy { text: b, of: y }) => {
                // The same lossy function of both sides maps some two tenants to one value.
                let shape = |text: &str| text.replace(KEY_MARK, CONTEXT_MARK);
                if x != y && shape(&a) == shape(&b) {
                    self.atoms.atom(text, between_tenants())
                } else {
                    self.atoms.atom(text, AtomKind::Opaque)
                }
            }
            (Opaque(_) | Lossy { .. }, _) | (_, Opaque(_) | Lossy { .. }) => {
                self.atoms.atom(text, AtomKind::Opaque)
            }
            (setting @ Setting { .. }, other) | (other, setting @ Setting { .. }) => {
                let exact = matches!(other, Text(_));
                self.atoms.atom(text, chosen(&setting, exact))
            }
            (other, Text(constant)) | (Text(constant), other) => {
                let subject = match other {
                    Key | Context => TENANTS.to_owned(),
                    other => other.text(),
                };
                self.atoms
                    .atom(text, AtomKind::Equals { subject, constant })
            }
            (subject @ Row { .. }, _) | (_, subject @ Row { .. }) => {
                self.atoms.atom(text, chosen(&subject, false))
            }
            _ => self.atoms.atom(text, AtomKind::Opaque),
        }
    }

    pub(super) fn binary(
        &mut self,
        op: &str,
        left: &Expr,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Truth {
        match op {
            "=" => return self.equal(left, right, scope),
            "<>" => return Truth::not(self.equal(left, right, scope)),
            _ => {}
        }
        let (l, r) = (self.value(left, scope), self.value(right, scope));
        if l == Value::Null || r == Value::Null {
            return Truth::Null;
        }
        let text = format!("{} {op} {}", l.text(), r.text());
        let ordering = matches!(op, "<" | ">" | "<=" | ">=");
        let kind = match (&l, &r) {
            // Some tenant sorts after another.
            (Value::Key, Value::Context) | (Value::Context, Value::Key) if ordering => {
                between_tenants()
            }
            // Some tenant's name begins with another's.
            (
                Value::Key,
                Value::Lossy {
                    of: Side::Context, ..
                },
            ) if op == "~~" && self.key_type == TypeKind::Text => between_tenants(),
            (Value::Row { subject }, Value::Opaque(_) | Value::Text(_) | Value::Row { .. })
            | (Value::Opaque(_) | Value::Text(_), Value::Row { subject })
                if ordering =>
            {
                AtomKind::Free {
                    subject: subject.clone(),
                }
            }
            (setting @ Value::Setting { .. }, Value::Text(_)) => chosen(setting, true),
            _ => AtomKind::Opaque,
        };
        self.atoms.atom(text, kind)
    }
}

/// Whether two spellings may stand for one value of some type.
fn may_be_one_value(a: &str, b: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().is_ok();
    a.trim().eq_ignore_ascii_case(b.trim()) || (number(a) && number(b))
}

/// The subject of all that is said of two tenants: two such conditions may exclude each other.
const TENANTS: &str = "the two tenants";

/// Some two tenants are so, and others are not.
fn between_tenants() -> AtomKind {
    AtomKind::Free {
        subject: TENANTS.to_owned(),
    }
}

/// Who decides what a column or a setting is.
pub(super) fn chosen(value: &Value, exact: bool) -> AtomKind {
    let subject = value.text();
    match value {
        Value::Setting { .. } => AtomKind::Session { subject, exact },
        _ => AtomKind::Free { subject },
    }
}
