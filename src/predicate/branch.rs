//! Scalar expressions: what each may come to, and under which condition.

use super::compare::known_prefix;
use super::eval::{Evaluation, Situation, spelled_boolean};
use super::expr::Expr;
use super::scope::Scope;
use super::truth::Truth;
use super::types::{TypeKind, cuts, keeps_apart};
use super::value::{CONTEXT_MARK, Derived, How, KEY_MARK, MADE, Side, Value};

/// Values with their conditions, which exclude each other.
pub(super) type Branches = Vec<(Truth, Value)>;

/// More branches than these are not told apart.
const MAX_BRANCHES: usize = 12;

impl Evaluation<'_, '_> {
    /// The formula of something that is said of each value of an expression.
    pub(super) fn over(
        &mut self,
        branches: Branches,
        mut say: impl FnMut(&mut Self, Value) -> Truth,
    ) -> Truth {
        let mut options = Vec::new();
        for (guard, value) in branches {
            let said = say(self, value);
            options.push(Truth::and(vec![guard, said]));
        }
        Truth::or(options)
    }

    /// The worth of an expression that is one thing in any case.
    pub(super) fn value(&mut self, expr: &Expr, scope: &Scope<'_>) -> Value {
        match <[_; 1]>::try_from(self.values(expr, scope)) {
            Ok([(Truth::True, value)]) => value,
            _ => Value::Opaque("an expression with several values".into()),
        }
    }

    /// What a scalar expression may be worth.
    pub(super) fn values(&mut self, expr: &Expr, scope: &Scope<'_>) -> Branches {
        let branches = self.all_values(expr, scope);
        match branches.len() {
            0..=MAX_BRANCHES => branches,
            _ => sure(Value::Opaque("an expression with many branches".into())),
        }
    }

    fn all_values(&mut self, expr: &Expr, scope: &Scope<'_>) -> Branches {
        let value = match expr {
            Expr::Column { table, name } => match scope.find(table.as_deref(), name) {
                None => Value::Opaque(name.clone()),
                Some((found, column)) => found.value(self.prover, column),
            },
            Expr::Literal(text) => Value::Text(text.clone()),
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Null => Value::Null,
            Expr::Argument(name) => Value::Setting {
                name: format!("argument {name}"),
            },
            Expr::Cast(inner, ty) => {
                let inner = self.values(inner, scope);
                return self.each(inner, |this, value| this.cast(value, ty));
            }
            Expr::Scalar(select) if select.from.is_empty() && select.filter.is_none() => {
                match select.targets.as_slice() {
                    [(target, _)] => return self.values(target, scope),
                    _ => Value::Opaque("a sub-select".into()),
                }
            }
            Expr::Call(name, arguments) => return self.call(name, arguments, scope),
            Expr::Case(arms, otherwise) => return self.case(arms, otherwise, scope),
            Expr::As(role, inner) => return self.as_role(*role, |this| this.values(inner, scope)),
            Expr::Binary(op, left, right) if !is_condition(op) => {
                let (l, r) = (self.value(left, scope), self.value(right, scope));
                computed(op, l, r)
            }
            Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsTrue(_)
            | Expr::Same(..)
            | Expr::OneOf(..)
            | Expr::InArray(..)
            | Expr::Binary(..)
            | Expr::Exists(_)
            | Expr::InSelect(..) => {
                let truth = self.truth(expr, scope);
                return of_condition(truth);
            }
            Expr::Opaque(text) => Value::Opaque(text.clone()),
            Expr::Scalar(_) => Value::Opaque("a sub-select used as a value".into()),
            Expr::Row(_) => Value::Opaque("a row used as a value".into()),
            Expr::Parameter(number) => Value::Opaque(format!("${}", number + 1)),
        };
        sure(value)
    }

    /// The same function of each branch.
    pub(super) fn each(
        &mut self,
        branches: Branches,
        mut function: impl FnMut(&mut Self, Value) -> Value,
    ) -> Branches {
        let apply = |(guard, value)| (guard, function(self, value));
        branches.into_iter().map(apply).collect()
    }

    fn case(&mut self, arms: &[(Expr, Expr)], otherwise: &Expr, scope: &Scope<'_>) -> Branches {
        let mut branches = Vec::new();
        let mut before: Vec<Truth> = Vec::new();
        for (condition, result) in arms {
            let condition = Truth::is_true(self.truth(condition, scope));
            let mut here = before.clone();
            here.push(condition.clone());
            self.under(&here, result, scope, &mut branches);
            before.push(Truth::not(condition));
        }
        self.under(&before, otherwise, scope, &mut branches);
        branches
    }

    fn under(&mut self, guards: &[Truth], expr: &Expr, scope: &Scope<'_>, into: &mut Branches) {
        for (guard, value) in self.values(expr, scope) {
            let mut all = guards.to_vec();
            all.push(guard);
            match Truth::and(all) {
                Truth::False => {}
                guard => into.push((guard, value)),
            }
        }
    }

    pub(super) fn coalesce(&mut self, arguments: &[Expr], scope: &Scope<'_>) -> Branches {
        let mut branches = Vec::new();
        let mut before: Vec<Truth> = Vec::new();
        for argument in arguments {
            let mut null = Vec::new();
            for (guard, value) in self.values(argument, scope) {
                let is_null = Truth::is_true(self.value_is_null(value.clone()));
                let mut here = before.clone();
                here.extend([guard.clone(), Truth::not(is_null.clone())]);
                match Truth::and(here) {
                    Truth::False => {}
                    here => branches.push((here, value)),
                }
                null.push(Truth::and(vec![guard, is_null]));
            }
            before.push(Truth::or(null));
            if before.contains(&Truth::False) {
                return branches;
            }
        }
        branches.push((Truth::and(before), Value::Null));
        branches
    }

    pub(super) fn nullif(&mut self, value: &Expr, other: &Expr, scope: &Scope<'_>) -> Branches {
        let other = self.values(other, scope);
        let mut branches = Vec::new();
        for (guard, value) in self.values(value, scope) {
            let equal = self.over(other.clone(), |this, other| {
                this.equal_values(value.clone(), other)
            });
            let equal = Truth::is_true(equal);
            for (when, what) in [(equal.clone(), Value::Null), (Truth::not(equal), value)] {
                match Truth::and(vec![guard.clone(), when]) {
                    Truth::False => {}
                    guard => branches.push((guard, what)),
                }
            }
        }
        branches
    }

    /// GREATEST, LEAST: one of the arguments that are not NULL, nobody knows which.
    pub(super) fn one_of(&mut self, name: &str, arguments: &[Expr], scope: &Scope<'_>) -> Branches {
        let mut branches = Vec::new();
        let mut before: Vec<Truth> = Vec::new();
        for (at, argument) in arguments.iter().enumerate() {
            let pick = match at + 1 == arguments.len() {
                true => Truth::True,
                false => Truth::is_true(self.opaque(format!("which argument {name}() picks"))),
            };
            let mut here = before.clone();
            here.push(pick.clone());
            self.under(&here, argument, scope, &mut branches);
            before.push(Truth::not(pick));
        }
        branches
    }

    /// What a cast makes of a value.
    pub(super) fn cast(&mut self, value: Value, ty: &str) -> Value {
        let to = self.prover.type_kind(ty);
        match value {
            Value::Key | Value::Context if keeps_apart(self.key_type, to) => value,
            Value::Key | Value::Context => self.cut(&value, &format!("::{ty}"), to),
            Value::Parent { relation, column }
                if keeps_apart(self.prover.column_kind(relation, column), to) =>
            {
                value
            }
            Value::Parent { .. } => Value::Opaque(format!("the row's parent::{ty}")),
            // ''::uuid raises: no row comes of it.
            Value::Text(text) if text.is_empty() && !is_spelled(to) => match to {
                TypeKind::Other => Value::Opaque(format!("''::{ty}")),
                _ => {
                    self.raises = true;
                    Value::Null
                }
            },
            Value::Text(text) if to == TypeKind::Boolean => {
                spelled_boolean(&text).map_or(Value::Text(text), Value::Bool)
            }
            Value::Text(text) => match to {
                TypeKind::Varchar(most) if text.chars().count() > most as usize => {
                    Value::Text(text.chars().take(most as usize).collect())
                }
                _ => Value::Text(text),
            },
            Value::Setting { .. } => {
                self.casts_setting |= !matches!(to, TypeKind::Text | TypeKind::Boolean);
                value
            }
            Value::Row { subject } => {
                let reads = matches!(
                    to,
                    TypeKind::Uuid | TypeKind::Integer | TypeKind::Numeric | TypeKind::Boolean
                );
                if subject.kind == to || keeps_apart(subject.kind, to) {
                    Value::Row { subject }
                } else if reads && subject.kind.is_text() {
                    Value::Row {
                        subject: subject.with(&format!("::{ty}"), to),
                    }
                } else {
                    Value::Opaque(format!("{}::{ty}", subject.text()))
                }
            }
            Value::Derived(derived) => Value::Derived(Derived {
                text: format!("{}::{ty}", derived.text),
                of: derived.of,
                how: match derived.how {
                    How::Apart if to != TypeKind::Text => How::Unknown,
                    how => how,
                },
            }),
            other => other,
        }
    }

    /// A key or a context of which something was made that may not tell tenants apart.
    fn cut(&self, value: &Value, suffix: &str, to: TypeKind) -> Value {
        let how = match cuts(self.key_type, to) {
            true => How::Merged,
            false => How::Unknown,
        };
        derived(value, |mark| format!("{mark}{suffix}"), how)
    }

    /// `lower()`, `left(…, 4)`: text functions that map some two texts to one.
    pub(super) fn folded(&mut self, name: &str, value: Value, rest: &[Value]) -> Value {
        let constants: Vec<String> = rest.iter().map(Value::text).collect();
        let all = |first: &str| {
            let mut all = vec![first.to_owned()];
            all.extend(constants.iter().cloned());
            format!("{name}({})", all.join(", "))
        };
        if value == Value::Null || rest.contains(&Value::Null) {
            return Value::Null;
        }
        if !rest.iter().all(|value| matches!(value, Value::Text(_))) {
            return Value::Opaque(all(&value.text()));
        }
        match &value {
            Value::Text(text) => match folded_text(name, text, rest) {
                Some(text) => Value::Text(text),
                None => Value::Opaque(all(&value.text())),
            },
            // A uuid or a number is spelled one way by the server.
            Value::Key | Value::Context
                if self.key_type.is_spelled_one_way() && self.keeps_whole(name, rest) =>
            {
                value
            }
            Value::Key | Value::Context => {
                let text = self.key_type.is_text() || self.key_type == TypeKind::Uuid;
                let how = match (known_prefix(name, rest), name) {
                    // Some two tenants begin or end alike, or differ in case.
                    (Some(1..=35), _) if text => How::Merged,
                    (None, "lower" | "upper") if self.key_type.is_text() => How::Merged,
                    _ => How::Unknown,
                };
                derived(&value, all, how)
            }
            Value::Derived(inner) => Value::Derived(Derived {
                text: all(&inner.text),
                of: inner.of,
                how: match inner.how {
                    How::Merged => How::Merged,
                    _ => How::Unknown,
                },
            }),
            other => Value::Opaque(all(&other.text())),
        }
    }

    /// Whether a function leaves the whole spelling of a uuid or a number.
    fn keeps_whole(&self, name: &str, rest: &[Value]) -> bool {
        match known_prefix(name, rest) {
            Some(length) => self.key_type.longest().is_some_and(|most| most <= length),
            None => rest.is_empty(),
        }
    }

    pub(super) fn setting(&mut self, setting: &Expr, lenient: bool, scope: &Scope<'_>) -> Value {
        let Value::Text(name) = self.value(setting, scope) else {
            return Value::Opaque("current_setting() of a computed name".into());
        };
        if !name.eq_ignore_ascii_case(&self.prover.tenancy.settings.tenancy.context) {
            return Value::Setting {
                name: format!("setting {name}"),
            };
        }
        match self.situation {
            Situation::OtherTenant | Situation::NoKey => Value::Context,
            Situation::NoContext => {
                self.raises |= !lenient;
                Value::Null
            }
            Situation::EmptyContext => Value::Text(String::new()),
        }
    }
}

/// A constant through a text function.
fn folded_text(name: &str, text: &str, rest: &[Value]) -> Option<String> {
    match (name, known_prefix(name, rest)) {
        ("lower", _) if text.is_ascii() => Some(text.to_ascii_lowercase()),
        ("upper", _) if text.is_ascii() => Some(text.to_ascii_uppercase()),
        ("left" | "substr" | "substring", Some(length @ 1..)) => {
            Some(text.chars().take(length as usize).collect())
        }
        _ => text.is_empty().then(String::new),
    }
}

pub(super) fn sure(value: Value) -> Branches {
    vec![(Truth::True, value)]
}

pub(super) fn of_condition(truth: Truth) -> Branches {
    match truth {
        Truth::True => sure(Value::Bool(true)),
        Truth::False => sure(Value::Bool(false)),
        Truth::Null => sure(Value::Null),
        truth => vec![
            (Truth::is_true(truth.clone()), Value::Bool(true)),
            (
                Truth::is_true(Truth::not(truth.clone())),
                Value::Bool(false),
            ),
            (Truth::is_unknown(truth), Value::Null),
        ],
    }
}

fn is_condition(op: &str) -> bool {
    matches!(
        op,
        "=" | "<>" | "<" | ">" | "<=" | ">=" | "~~" | "!~~" | "~~*" | "!~~*" | "~" | "!~" | "~*"
    )
}

fn is_spelled(kind: TypeKind) -> bool {
    matches!(
        kind,
        TypeKind::Text | TypeKind::Varchar(_) | TypeKind::Padded(_)
    )
}

/// What is made of a row's columns, constants and settings alone: another value of the row's, or of
/// the session's; `None` where anything else takes part.
pub(super) fn loose(values: &[Value], how: &str) -> Option<Value> {
    let known = |value: &Value| {
        matches!(
            value,
            Value::Text(_) | Value::Bool(_) | Value::Row { .. } | Value::Setting { .. }
        )
    };
    if !values.iter().all(known) {
        return None;
    }
    let parts: Vec<String> = values.iter().map(Value::text).collect();
    let form = format!("{MADE}{}", spelled(how, &parts));
    let row = values.iter().find_map(|value| match value {
        Value::Row { subject } => Some(subject.clone()),
        _ => None,
    });
    if let Some(subject) = row {
        let mut subject = subject.with(&form, TypeKind::Other);
        subject.nullable = true;
        return Some(Value::Row { subject });
    }
    values
        .iter()
        .any(|value| matches!(value, Value::Setting { .. }))
        .then(|| Value::Setting {
            name: spelled(how, &parts),
        })
}

/// A call, or an operator between its operands.
fn spelled(how: &str, parts: &[String]) -> String {
    match parts {
        [left, right] if !how.starts_with(char::is_alphabetic) => format!("{left} {how} {right}"),
        _ => format!("{how}({})", parts.join(", ")),
    }
}

/// An operator that makes a value.
fn computed(op: &str, left: Value, right: Value) -> Value {
    let text = format!("{} {op} {}", left.text(), right.text());
    match (op, left, right) {
        (_, Value::Null, _) | (_, _, Value::Null) => Value::Null,
        ("->" | "->>" | "#>" | "#>>", Value::Row { subject }, Value::Text(path)) => Value::Row {
            subject: subject.with(&format!("{op}'{path}'"), TypeKind::Text),
        },
        ("->" | "->>" | "#>" | "#>>", Value::Setting { name }, Value::Text(path)) => {
            Value::Setting {
                name: format!("{name} {op} '{path}'"),
            }
        }
        ("||", Value::Text(a), Value::Text(b)) => Value::Text(a + &b),
        // Some tenant's number is another's and a bit.
        ("+" | "-", side @ (Value::Key | Value::Context), Value::Text(number)) => {
            derived(&side, |mark| format!("{mark} {op} {number}"), How::Apart)
        }
        (_, left, right) if loose(&[left.clone(), right.clone()], op).is_some() => {
            loose(&[left, right], op).unwrap_or(Value::Opaque(text))
        }
        ("||", side, Value::Text(b)) if side.side().is_some() => {
            joined(&side, |mark| format!("{mark} || '{b}'"))
        }
        ("||", Value::Text(a), side) if side.side().is_some() => {
            joined(&side, |mark| format!("'{a}' || {mark}"))
        }
        _ => Value::Opaque(text),
    }
}

/// A constant beside it keeps tenants apart.
fn joined(value: &Value, with: impl Fn(&str) -> String) -> Value {
    match value {
        Value::Derived(inner) => Value::Derived(Derived {
            text: with(&inner.text),
            of: inner.of,
            how: inner.how,
        }),
        value => derived(value, with, How::Apart),
    }
}

fn derived(value: &Value, with: impl Fn(&str) -> String, how: How) -> Value {
    let (mark, of) = match value {
        Value::Key => (KEY_MARK, Side::Key),
        _ => (CONTEXT_MARK, Side::Context),
    };
    Value::Derived(Derived {
        text: with(mark),
        of,
        how,
    })
}
