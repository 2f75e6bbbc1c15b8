//! Comparisons: what equality and order say of a row of another tenant.

use super::branch::Branches;
use super::eval::{Evaluation, constant};
use super::expr::Expr;
use super::scope::Scope;
use super::theory::may_be_one_value;
use super::truth::{AtomKind, Constant, Truth};
use super::types::TypeKind;
use super::value::{CONTEXT_MARK, Derived, How, KEY_MARK, Side, Subject, Value};

impl Evaluation<'_, '_> {
    /// IS NOT DISTINCT FROM: equality for which NULL is a value.
    pub(super) fn same(&mut self, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Truth {
        if let (Expr::Row(left), Expr::Row(right)) = (left, right) {
            let pairs = left.iter().zip(right);
            return Truth::and(pairs.map(|(l, r)| self.same(l, r, scope)).collect());
        }
        let (l, r) = (self.values(left, scope), self.values(right, scope));
        self.pairs(l, r, |this, l, r| {
            let (a, b) = (l.clone(), r.clone());
            let both = vec![this.value_is_null(a), this.value_is_null(b)];
            let equal = Truth::is_true(this.equal_values(l, r));
            Truth::or(vec![Truth::and(both), equal])
        })
    }

    fn pairs(
        &mut self,
        left: Branches,
        right: Branches,
        mut say: impl FnMut(&mut Self, Value, Value) -> Truth,
    ) -> Truth {
        self.over(left, |this, l| {
            this.over(right.clone(), |this, r| say(this, l.clone(), r))
        })
    }

    pub(super) fn equal(&mut self, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Truth {
        if let (Expr::Row(left), Expr::Row(right)) = (left, right)
            && left.len() == right.len()
        {
            let pairs = left.iter().zip(right);
            return Truth::and(pairs.map(|(l, r)| self.equal(l, r, scope)).collect());
        }
        for (one, other) in [(left, right), (right, left)] {
            if let Some(truth) = self.equal_to_select(one, other, scope) {
                return truth;
            }
        }
        let (l, r) = (self.values(left, scope), self.values(right, scope));
        self.pairs(l, r, |this, l, r| this.equal_values(l, r))
    }

    pub(super) fn equal_values(&mut self, left: Value, right: Value) -> Truth {
        use Value::{Bool, Context, Key, Null, Opaque, Parent, Row, Setting, Text, User};
        let text = format!("{} = {}", left.text(), right.text());
        match (left, right) {
            (Null, _) | (_, Null) => Truth::Null,
            (Key, Context) | (Context, Key) => Truth::False,
            (Key, Key) | (Context, Context) => Truth::True,
            (Bool(a), Bool(b)) => constant(a == b),
            (Bool(wanted), other) | (other, Bool(wanted)) => {
                let truth = self.as_boolean(other);
                if wanted { truth } else { Truth::not(truth) }
            }
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
            // The empty string names no tenant.
            (Key | Context, Text(text)) | (Text(text), Key | Context) if text.is_empty() => {
                Truth::False
            }
            (User { sql: a, .. }, User { sql: b, .. }) if a == b => Truth::True,
            (User { name, .. }, Text(role)) | (Text(role), User { name, .. }) => {
                self.is_user(name.as_deref(), &role, text)
            }
            (Value::Derived(a), Value::Derived(b)) => self.equal_derived(&a, &b, text),
            (Opaque(_) | Value::Derived(_), _) | (_, Opaque(_) | Value::Derived(_)) => {
                self.opaque(text)
            }
            (Setting { name }, other) | (other, Setting { name }) => {
                self.setting_equals(&name, &other)
            }
            // NULL, or equal to itself.
            (Row { subject: a }, Row { subject: b }) if a == b => {
                let null = self.value_is_null(Row { subject: a });
                Truth::or(vec![Truth::not(null), Truth::Null])
            }
            (Row { subject: a }, Row { subject: b }) => {
                let (left, right) = if a < b { (a, b) } else { (b, a) };
                self.atoms.atom(text, AtomKind::Joined { left, right })
            }
            (Row { subject }, other) | (other, Row { subject }) => {
                self.column_equals(subject, other)
            }
            (tenant @ (Key | Context | Parent { .. }), Text(to))
            | (Text(to), tenant @ (Key | Context | Parent { .. })) => {
                self.tenant_equals(&tenant, to)
            }
            _ => self.opaque(text),
        }
    }

    fn setting_equals(&mut self, name: &str, other: &Value) -> Truth {
        let text = format!("{name} = {}", other.text());
        let to = match other {
            Value::Key => Some(Constant::Key),
            Value::Text(to) => Some(Constant::Text(to.clone())),
            _ => None,
        };
        let kind = AtomKind::Session {
            subject: Subject::tenant(name),
            exact: matches!(other, Value::Text(_)),
            to,
        };
        self.atoms.atom(text, kind)
    }

    fn tenant_equals(&mut self, tenant: &Value, to: String) -> Truth {
        let text = format!("{} = '{to}'", tenant.text());
        // The nil uuid is what stands for nobody; whether somebody has it, the rows say.
        if self.key_type == TypeKind::Uuid && to == NIL {
            return self.opaque(format!("{text}, the nil uuid"));
        }
        let kind = AtomKind::Equals {
            subject: Subject::tenant(&tenant.text()),
            constant: Constant::Text(to),
            exact: self.key_type.is_exact_with(self.key_type) && tenant.side().is_some(),
        };
        self.atoms.atom(text, kind)
    }

    fn column_equals(&mut self, subject: Subject, other: Value) -> Truth {
        let text = format!("{} = {}", subject.text(), other.text());
        let of_key = subject.kind.is_exact_with(self.key_type);
        let (constant, exact) = match other {
            Value::Key => (Constant::Key, of_key),
            Value::Context => (Constant::Context, of_key),
            Value::Parent { .. } => (Constant::Parent, false),
            Value::User { sql, .. } => (Constant::User(sql), false),
            Value::Text(to) => (Constant::Text(to), subject.kind.is_exact_with(subject.kind)),
            _ => return self.opaque(text),
        };
        let kind = AtomKind::Equals {
            subject,
            constant,
            exact,
        };
        self.atoms.atom(text, kind)
    }

    /// `current_user = 'somebody'`.
    fn is_user(&mut self, name: Option<&str>, role: &str, text: String) -> Truth {
        match name {
            // Whoever the login may become is judged as that role.
            Some(name) => constant(name == role),
            None => self.opaque(text),
        }
    }

    fn equal_derived(&mut self, a: &Derived, b: &Derived, text: String) -> Truth {
        // The same function of both sides.
        let shape = |text: &str| text.replace(KEY_MARK, CONTEXT_MARK);
        match (a.how, b.how) {
            _ if a == b => Truth::True,
            _ if a.of == b.of || shape(&a.text) != shape(&b.text) => self.opaque(text),
            (How::Apart, How::Apart) => Truth::False,
            // It maps some two tenants to one value.
            (How::Merged, How::Merged) => self.atoms.atom(text, between_tenants()),
            _ => self.opaque(text),
        }
    }

    pub(super) fn binary(
        &mut self,
        op: &str,
        left: &Expr,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Truth {
        if let Some(truth) = self.counted(op, left, right, scope) {
            return truth;
        }
        if let (Expr::Row(l), Expr::Row(r)) = (left, right)
            && let Some(spelled) = lexicographic(op, l, r)
        {
            return self.truth(&spelled, scope);
        }
        if let Some(truth) = self.holds_part(op, left, right, scope) {
            return truth;
        }
        match op {
            "=" => return self.equal(left, right, scope),
            "<>" => return Truth::not(self.equal(left, right, scope)),
            "!~~" => return Truth::not(self.binary("~~", left, right, scope)),
            "!~~*" => return Truth::not(self.binary("~~*", left, right, scope)),
            _ => {}
        }
        let (l, r) = (self.values(left, scope), self.values(right, scope));
        self.pairs(l, r, |this, l, r| this.compare(op, l, r))
    }

    fn compare(&mut self, op: &str, l: Value, r: Value) -> Truth {
        if l == Value::Null || r == Value::Null {
            return Truth::Null;
        }
        match op {
            "<" | ">" | "<=" | ">=" => self.order(op, l, r),
            "~~" | "~~*" => self.like(op, l, r),
            _ => {
                let text = format!("{} {op} {}", l.text(), r.text());
                match super::branch::loose(&[l, r], op) {
                    Some(Value::Row { subject }) => {
                        self.atoms.atom(text, AtomKind::Free { subject })
                    }
                    _ => self.opaque(text),
                }
            }
        }
    }

    fn order(&mut self, op: &str, l: Value, r: Value) -> Truth {
        let text = format!("{} {op} {}", l.text(), r.text());
        let sorts = !matches!(self.key_type, TypeKind::Boolean | TypeKind::Other);
        let kind = match (&l, &r) {
            // The two differ, so one sorts before the other.
            (Value::Key, Value::Context) | (Value::Context, Value::Key) if sorts => {
                let key_after = matches!(op, ">" | ">=") == (l == Value::Key);
                let after = format!("{KEY_MARK} sorts after {CONTEXT_MARK}");
                let after = self.atoms.atom(after, between_tenants());
                return if key_after { after } else { Truth::not(after) };
            }
            (Value::Key, Value::Derived(other)) | (Value::Derived(other), Value::Key)
                if other.of == Side::Context
                    && other.how == How::Apart
                    && self.key_type == TypeKind::Integer =>
            {
                // Whatever else is asked of their order.
                AtomKind::Free {
                    subject: Subject::tenant(&text),
                }
            }
            (Value::Row { subject }, Value::Opaque(_) | Value::Text(_) | Value::Row { .. })
            | (Value::Opaque(_) | Value::Text(_), Value::Row { subject }) => AtomKind::Free {
                subject: subject.clone(),
            },
            (Value::Row { subject }, Value::Setting { .. })
            | (Value::Setting { .. }, Value::Row { subject }) => AtomKind::Free {
                subject: subject.clone(),
            },
            (Value::Setting { name }, Value::Text(_)) => AtomKind::Session {
                subject: Subject::tenant(name),
                exact: true,
                to: None,
            },
            _ => AtomKind::Opaque,
        };
        self.atoms.atom(text, kind)
    }

    /// `strpos(a, b) > 0`: one is a part of the other.
    fn holds_part(
        &mut self,
        op: &str,
        left: &Expr,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Option<Truth> {
        let (Expr::Call(name, arguments), Expr::Literal(number)) = (left, right) else {
            return None;
        };
        let asks = matches!((op, number.as_str()), (">" | "<>", "0") | (">=", "1"));
        let plain = name.strip_prefix("pg_catalog.").unwrap_or(name);
        let [whole, part] = arguments.as_slice() else {
            return None;
        };
        if !asks || plain != "strpos" {
            return None;
        }
        let (l, r) = (self.value(whole, scope), self.value(part, scope));
        match (&l, &r) {
            (Value::Key, Value::Context) | (Value::Context, Value::Key) => {
                Some(match self.key_type {
                    // One uuid is no part of another.
                    TypeKind::Uuid => Truth::False,
                    TypeKind::Text | TypeKind::Integer => {
                        let text = format!("{} holds {}", l.text(), r.text());
                        self.atoms.atom(text, between_tenants())
                    }
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    /// LIKE (`~~`) and ILIKE (`~~*`).
    fn like(&mut self, op: &str, l: Value, r: Value) -> Truth {
        let text = format!(
            "{} {} {}",
            l.text(),
            if op == "~~" { "LIKE" } else { "ILIKE" },
            r.text()
        );
        let kind = match (&l, &r) {
            (value, Value::Text(pattern)) if op == "~~" && !pattern.contains(['%', '_', '\\']) => {
                return self.equal_values(value.clone(), Value::Text(pattern.clone()));
            }
            (_, Value::Text(pattern))
                if !pattern.is_empty() && pattern.chars().all(|c| c == '%') =>
            {
                return Truth::not(self.value_is_null(l));
            }
            (Value::Row { subject }, Value::Text(_)) => AtomKind::Free {
                subject: subject.clone(),
            },
            // Some tenant is called so.
            (Value::Key, Value::Text(name)) if self.key_type.is_text() && name.contains('%') => {
                AtomKind::Free {
                    subject: Subject::tenant(KEY_MARK),
                }
            }
            (Value::Key, Value::Context) if self.key_type.is_spelled_one_way() => {
                return Truth::False;
            }
            // Some tenant's name holds a wildcard, or is another's in capitals.
            (Value::Key, Value::Context) if self.key_type.is_text() => between_tenants(),
            (Value::Key, Value::Derived(pattern)) | (Value::Context, Value::Derived(pattern))
                if widened(pattern) && (pattern.of == Side::Context) == (l == Value::Key) =>
            {
                match self.key_type {
                    // One uuid is no part of another.
                    TypeKind::Uuid => return Truth::False,
                    // Some tenant's name begins with another's.
                    TypeKind::Text | TypeKind::Varchar(_) | TypeKind::Integer => between_tenants(),
                    _ => AtomKind::Opaque,
                }
            }
            _ => AtomKind::Opaque,
        };
        self.atoms.atom(text, kind)
    }

    pub(super) fn starts_with(&mut self, text: &Expr, prefix: &Expr, scope: &Scope<'_>) -> Truth {
        let (l, r) = (self.values(text, scope), self.values(prefix, scope));
        self.pairs(l, r, |this, l, r| {
            let text = format!("starts_with({}, {})", l.text(), r.text());
            let kind = match (&l, &r) {
                (Value::Null, _) | (_, Value::Null) => return Truth::Null,
                (_, Value::Text(prefix)) if prefix.is_empty() => {
                    return Truth::not(this.value_is_null(l));
                }
                (Value::Key, Value::Context) => match this.key_type {
                    TypeKind::Uuid => return Truth::False,
                    TypeKind::Text | TypeKind::Varchar(_) | TypeKind::Integer => between_tenants(),
                    _ => AtomKind::Opaque,
                },
                (Value::Row { subject }, Value::Text(_)) => AtomKind::Free {
                    subject: subject.clone(),
                },
                _ => AtomKind::Opaque,
            };
            this.atoms.atom(text, kind)
        })
    }
}

/// Whether a pattern is a tenant between wildcards.
fn widened(pattern: &Derived) -> bool {
    pattern.how == How::Apart
        && pattern
            .text
            .split(" || ")
            .all(|part| part == CONTEXT_MARK || part == KEY_MARK || part == "'%'")
}

/// `(a, b) < (x, y)` is `a < x OR a = x AND b < y`.
fn lexicographic(op: &str, left: &[Expr], right: &[Expr]) -> Option<Expr> {
    let strict = match op {
        "<" | "<=" => "<",
        ">" | ">=" => ">",
        _ => return None,
    };
    let binary = |op: &str, l: &Expr, r: &Expr| {
        Expr::Binary(op.to_owned(), Box::new(l.clone()), Box::new(r.clone()))
    };
    match (left, right) {
        ([l], [r]) => Some(binary(op, l, r)),
        ([l, left @ ..], [r, right @ ..]) => Some(Expr::Or(vec![
            binary(strict, l, r),
            Expr::And(vec![binary("=", l, r), lexicographic(op, left, right)?]),
        ])),
        _ => None,
    }
}

/// How many letters a function keeps of a text: 0 where it is not known, `None` where it is not
/// about length.
pub(super) fn known_prefix(name: &str, rest: &[Value]) -> Option<u32> {
    let number = |value: &Value| match value {
        Value::Text(text) => text.parse::<u32>().ok(),
        _ => None,
    };
    match (name, rest) {
        ("left" | "right", [length]) => Some(number(length).unwrap_or(0)),
        ("substr" | "substring", [from, length]) if number(from) == Some(1) => {
            Some(number(length).unwrap_or(0))
        }
        ("left" | "right" | "substr" | "substring", _) => Some(0),
        _ => None,
    }
}

/// RFC 9562, section 5.9.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// The subject of all that is said of two tenants: two such conditions may exclude each other.
pub(super) const TENANTS: &str = "the two tenants";

/// Some two tenants are so, and others are not.
fn between_tenants() -> AtomKind {
    AtomKind::Free {
        subject: Subject::tenant(TENANTS),
    }
}
