//! Evaluates a policy expression for one row of another tenant, in one situation of the context.

use super::compare::chosen;
use super::expr::Expr;
use super::scope::{Identity, Scope};
use super::truth::{AtomKind, Atoms, Truth};
use super::value::{Side, TypeKind, Value, keeps_apart};
use super::{Prover, inline};

/// What the session's context is while the row of tenant B is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Situation {
    /// The context is tenant A, the row is B's.
    OtherTenant,
    /// The context was never set.
    NoContext,
    /// The context is the empty string, as it is after a transaction that had set it.
    EmptyContext,
    /// The context is tenant A, the row has no tenant: its key is NULL.
    NoKey,
}

impl Situation {
    /// For a message.
    pub fn words(self) -> &'static str {
        match self {
            Self::OtherTenant => "with the context at another organization",
            Self::NoContext => "without a context",
            Self::EmptyContext => "with an empty context",
            Self::NoKey => "for rows whose tenant key is NULL",
        }
    }
}

/// Functions that are inlined into each other deeper than this are not followed.
const MAX_INLINE: usize = 12;

/// One evaluation: collects atoms.
pub(super) struct Evaluation<'p, 'a> {
    pub(super) prover: &'p Prover<'a>,
    pub(super) situation: Situation,
    /// The key's type; decides which casts keep tenants apart.
    pub(super) key_type: TypeKind,
    /// The role that `current_user` names, where it is known.
    pub(super) current_user: String,
    pub(super) atoms: Atoms,
    /// How many functions and sub-selects we are in.
    pub(super) depth: usize,
    /// Whether something raises in this situation, should the server evaluate it.
    pub(super) raises: bool,
    /// Whether a setting other than the context is cast, which raises for most of its values.
    pub(super) casts_setting: bool,
}

impl Evaluation<'_, '_> {
    /// The formula of a boolean expression.
    pub(super) fn truth(&mut self, expr: &Expr, scope: &Scope<'_>) -> Truth {
        match expr {
            Expr::Bool(value) => constant(*value),
            Expr::Null => Truth::Null,
            Expr::And(items) => Truth::and(items.iter().map(|i| self.truth(i, scope)).collect()),
            Expr::Or(items) => Truth::or(items.iter().map(|i| self.truth(i, scope)).collect()),
            Expr::Not(inner) => Truth::not(self.truth(inner, scope)),
            Expr::IsTrue(inner) => Truth::is_true(self.truth(inner, scope)),
            Expr::IsNull(inner) => self.is_null(inner, scope),
            Expr::Same(left, right) => self.same(left, right, scope),
            Expr::OneOf(item, list) => Truth::or(
                list.iter()
                    .map(|other| self.equal(item, other, scope))
                    .collect(),
            ),
            Expr::Binary(op, left, right) => self.binary(op, left, right, scope),
            Expr::Case(arms, otherwise) => {
                self.case(arms, otherwise, scope, &mut |this, result| {
                    this.truth(result, scope)
                })
            }
            Expr::Exists(select) => self.exists(select, None, scope),
            Expr::InSelect(item, select) => self.exists(select, Some(item), scope),
            _ => {
                let value = self.value(expr, scope);
                self.as_boolean(value)
            }
        }
    }

    /// `CASE`, with `take` applied to the result of each arm.
    pub(super) fn case(
        &mut self,
        arms: &[(Expr, Expr)],
        otherwise: &Expr,
        scope: &Scope<'_>,
        take: &mut dyn FnMut(&mut Self, &Expr) -> Truth,
    ) -> Truth {
        let mut options = Vec::new();
        let mut before: Vec<Truth> = Vec::new();
        for (condition, result) in arms {
            let condition = Truth::is_true(self.truth(condition, scope));
            let mut all = before.clone();
            all.push(condition.clone());
            all.push(take(self, result));
            options.push(Truth::and(all));
            before.push(Truth::not(condition));
        }
        before.push(take(self, otherwise));
        options.push(Truth::and(before));
        Truth::or(options)
    }

    fn as_boolean(&mut self, value: Value) -> Truth {
        match value {
            Value::Bool(value) => constant(value),
            Value::Null => Truth::Null,
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "t" | "true" | "on" | "yes" | "1" => Truth::True,
                "f" | "false" | "off" | "no" | "0" => Truth::False,
                _ => Truth::Null,
            },
            Value::Row { .. } | Value::Setting { .. } => {
                let kind = chosen(&value, true);
                self.atoms.atom(format!("{} is true", value.text()), kind)
            }
            other => self.atoms.atom(other.text(), AtomKind::Opaque),
        }
    }

    pub(super) fn is_null(&mut self, inner: &Expr, scope: &Scope<'_>) -> Truth {
        match self.value(inner, scope) {
            Value::Null => Truth::True,
            Value::Key
            | Value::Context
            | Value::Parent { .. }
            | Value::Text(_)
            | Value::Bool(_) => Truth::False,
            value @ (Value::Row { .. } | Value::Setting { .. }) => {
                let subject = value.text();
                self.atoms
                    .atom(format!("{subject} IS NULL"), AtomKind::IsNull { subject })
            }
            other => self
                .atoms
                .atom(format!("{} IS NULL", other.text()), AtomKind::Opaque),
        }
    }

    /// The worth of a scalar expression.
    pub(super) fn value(&mut self, expr: &Expr, scope: &Scope<'_>) -> Value {
        match expr {
            Expr::Column { table, name } => self.column(scope, table.as_deref(), name),
            Expr::Literal(text) => Value::Text(text.clone()),
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Null => Value::Null,
            Expr::Cast(inner, ty) => {
                let value = self.value(inner, scope);
                self.cast(value, ty)
            }
            Expr::Scalar(select) if select.from.is_empty() && select.filter.is_none() => {
                match select.targets.as_slice() {
                    [(target, _)] => self.value(target, scope),
                    _ => Value::Opaque("a sub-select".into()),
                }
            }
            Expr::Call(name, arguments) => self.call(name, arguments, scope),
            Expr::Binary(op, left, right) if op == "||" => {
                let (l, r) = (self.value(left, scope), self.value(right, scope));
                self.mix("||", vec![l, r])
            }
            Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsTrue(_)
            | Expr::Same(..)
            | Expr::OneOf(..) => match self.truth(expr, scope) {
                Truth::True => Value::Bool(true),
                Truth::False => Value::Bool(false),
                Truth::Null => Value::Null,
                _ => Value::Opaque("a condition used as a value".into()),
            },
            Expr::Argument(name) => Value::Setting {
                name: format!("argument {name}"),
            },
            Expr::Opaque(text) => Value::Opaque(text.clone()),
            Expr::Scalar(_) => Value::Opaque("a sub-select used as a value".into()),
            Expr::Parameter(number) => Value::Opaque(format!("${}", number + 1)),
            Expr::Binary(op, ..) => Value::Opaque(format!("an expression with {op}")),
            Expr::Case(..) => Value::Opaque("a CASE used as a value".into()),
            Expr::Exists(_) | Expr::InSelect(..) => Value::Opaque("a sub-select".into()),
        }
    }

    fn column(&self, scope: &Scope<'_>, table: Option<&str>, name: &str) -> Value {
        match scope.find(table, name) {
            None => Value::Opaque(name.to_owned()),
            Some((found, column)) => found.value(self.prover, column),
        }
    }

    /// What a cast makes of a value.
    fn cast(&mut self, value: Value, ty: &str) -> Value {
        let to = self.prover.type_kind(ty);
        match value {
            Value::Key | Value::Context if keeps_apart(self.key_type, to) => value,
            Value::Key => Value::Lossy {
                text: format!("{KEY_MARK}::{ty}"),
                of: Side::Key,
            },
            Value::Context => Value::Lossy {
                text: format!("{CONTEXT_MARK}::{ty}"),
                of: Side::Context,
            },
            Value::Parent { relation, column }
                if keeps_apart(self.prover.column_kind(relation, column), to) =>
            {
                value
            }
            Value::Parent { .. } => Value::Opaque(format!("the row's parent::{ty}")),
            // ''::uuid raises: no row comes of it.
            Value::Text(text) if text.is_empty() && to != TypeKind::Text => match to {
                TypeKind::Other => Value::Opaque(format!("''::{ty}")),
                _ => {
                    self.raises = true;
                    Value::Null
                }
            },
            Value::Setting { .. } => {
                let raises = !matches!(to, TypeKind::Text | TypeKind::Boolean);
                self.casts_setting |= raises && !is_argument(&value);
                value
            }
            Value::Lossy { text, of } => Value::Lossy {
                text: format!("{text}::{ty}"),
                of,
            },
            other => other,
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expr], scope: &Scope<'_>) -> Value {
        let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
        match (name, arguments) {
            ("current_setting", [setting]) => self.setting(setting, false, scope),
            ("current_setting", [setting, missing_ok]) => {
                let lenient = *missing_ok == Expr::Bool(true);
                self.setting(setting, lenient, scope)
            }
            ("nullif", [value, other]) => self.nullif(value, other, scope),
            ("coalesce", _) => self.coalesce(arguments, scope),
            ("current_user" | "current_role" | "user", []) => {
                Value::Text(self.current_user.clone())
            }
            ("lower" | "upper" | "btrim" | "ltrim" | "rtrim" | "trim", [inner]) => {
                let value = self.value(inner, scope);
                match value {
                    // A uuid or a number is spelled one way by the server.
                    Value::Key | Value::Context if self.key_type != TypeKind::Text => value,
                    Value::Null => Value::Null,
                    other => self.mix(name, vec![other]),
                }
            }
            _ => {
                let inlined = (self.depth < MAX_INLINE)
                    .then(|| inline::expression(self.prover, name, arguments))
                    .flatten();
                match inlined {
                    Some(expr) => {
                        self.depth += 1;
                        let value = self.value(&expr, scope);
                        self.depth -= 1;
                        value
                    }
                    None => Value::Opaque(format!("{name}()")),
                }
            }
        }
    }

    fn setting(&mut self, setting: &Expr, lenient: bool, scope: &Scope<'_>) -> Value {
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

    fn nullif(&mut self, value: &Expr, other: &Expr, scope: &Scope<'_>) -> Value {
        let (value, other) = (self.value(value, scope), self.value(other, scope));
        match self.equal_values(value.clone(), other) {
            Truth::True => Value::Null,
            Truth::False | Truth::Null => value,
            // Either the value or NULL: NULL lets no row through that the value would not.
            _ if matches!(value, Value::Key | Value::Context | Value::Setting { .. }) => value,
            _ => Value::Opaque(format!("NULLIF({})", value.text())),
        }
    }

    fn coalesce(&mut self, arguments: &[Expr], scope: &Scope<'_>) -> Value {
        for (at, argument) in arguments.iter().enumerate() {
            match self.value(argument, scope) {
                Value::Null => {}
                known @ (Value::Key | Value::Context | Value::Text(_) | Value::Bool(_)) => {
                    return known;
                }
                other if at + 1 == arguments.len() => return other,
                // A session may leave a setting unset, and may set it: whatever follows is reached
                // only if it does not.
                other @ Value::Setting { .. } => return other,
                _ => return Value::Opaque("COALESCE(…)".into()),
            }
        }
        Value::Null
    }

    /// A function that is not followed, of values that matter.
    fn mix(&self, name: &str, values: Vec<Value>) -> Value {
        if values.contains(&Value::Null) {
            return Value::Null;
        }
        let mark = |value: &Value| match value {
            Value::Key => KEY_MARK.to_owned(),
            Value::Context => CONTEXT_MARK.to_owned(),
            other => other.text(),
        };
        let side = |value: &Value| match value {
            Value::Key | Value::Lossy { of: Side::Key, .. } => Some(Side::Key),
            Value::Context
            | Value::Lossy {
                of: Side::Context, ..
            } => Some(Side::Context),
            _ => None,
        };
        let text = format!(
            "{name}({})",
            values.iter().map(mark).collect::<Vec<_>>().join(", ")
        );
        let known = |value: &Value| side(value).is_some() || matches!(value, Value::Text(_));
        match values.iter().find_map(side) {
            Some(of) if values.iter().all(known) => Value::Lossy { text, of },
            _ => Value::Opaque(text),
        }
    }
}

/// Whether a value is what the caller of a routine passed.
fn is_argument(value: &Value) -> bool {
    matches!(value, Value::Setting { name } if name.starts_with("argument "))
}

/// Stands for the key in a lossy value's text, so that both sides can be compared.
pub(super) const KEY_MARK: &str = "the row's tenant";
/// Likewise for the context.
pub(super) const CONTEXT_MARK: &str = "the context";

pub(super) fn constant(value: bool) -> Truth {
    if value { Truth::True } else { Truth::False }
}

/// The identity that a row has in each situation.
pub(super) fn identity(situation: Situation) -> Identity {
    match situation {
        Situation::NoKey => Identity::Nobody,
        _ => Identity::Other,
    }
}
