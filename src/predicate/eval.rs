//! Evaluates a policy expression for one row of another tenant, in one situation of the context.

use super::expr::Expr;
use super::scope::{Identity, Scope};
use super::solve::Atoms;
use super::truth::{AtomKind, Constant, Truth};
use super::types::TypeKind;
use super::value::{Subject, Value};
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
    /// Whether we are in a function that runs as its owner.
    pub(super) definer: bool,
    pub(super) atoms: Atoms,
    /// Sub-selects that were met, so that the rows of each have names of their own.
    pub(super) selects: Vec<String>,
    /// How many functions and sub-selects we are in.
    pub(super) depth: usize,
    /// Whether something raises in this situation, should the server evaluate it.
    pub(super) raises: bool,
    /// Whether a setting other than the context is cast, which raises for most of its values.
    pub(super) casts_setting: bool,
}

impl<'p, 'a> Evaluation<'p, 'a> {
    pub(super) fn new(prover: &'p Prover<'a>, situation: Situation, key_type: TypeKind) -> Self {
        Self {
            prover,
            situation,
            key_type,
            definer: false,
            atoms: Atoms::default(),
            selects: Vec::new(),
            depth: 0,
            raises: false,
            casts_setting: false,
        }
    }

    /// Goes on as another role would; what was found stays.
    pub(super) fn with_prover<T>(
        &mut self,
        prover: &Prover<'a>,
        definer: bool,
        go: impl FnOnce(&mut Evaluation<'_, 'a>) -> T,
    ) -> T {
        let mut other = Evaluation {
            prover,
            situation: self.situation,
            key_type: self.key_type,
            definer,
            atoms: std::mem::take(&mut self.atoms),
            selects: std::mem::take(&mut self.selects),
            depth: self.depth + 1,
            raises: self.raises,
            casts_setting: self.casts_setting,
        };
        let result = go(&mut other);
        self.atoms = other.atoms;
        self.selects = other.selects;
        self.raises = other.raises;
        self.casts_setting = other.casts_setting;
        result
    }

    pub(super) fn opaque(&mut self, text: impl Into<String>) -> Truth {
        self.atoms.atom(text, AtomKind::Opaque)
    }

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
            Expr::InArray(item, array) => self.in_array(item, array, scope),
            Expr::Binary(op, left, right) => self.binary(op, left, right, scope),
            Expr::Exists(select) => self.exists(select, None, scope),
            Expr::InSelect(item, select) => self.exists(select, Some(item), scope),
            Expr::Scalar(select) if !select.from.is_empty() => self.scalar(select, scope),
            Expr::Call(name, arguments) => self.call_truth(name, arguments, scope),
            Expr::Case(..) => self.case_truth(expr, scope),
            Expr::As(role, inner) => self.as_role(*role, |this| this.truth(inner, scope)),
            _ => self.values_truth(expr, scope),
        }
    }

    fn values_truth(&mut self, expr: &Expr, scope: &Scope<'_>) -> Truth {
        let branches = self.values(expr, scope);
        self.over(branches, |this, value| this.as_boolean(value))
    }

    /// Conditions may be what a CASE comes to, without being values first.
    fn case_truth(&mut self, expr: &Expr, scope: &Scope<'_>) -> Truth {
        let Expr::Case(arms, otherwise) = expr else {
            return self.values_truth(expr, scope);
        };
        let (mut options, mut before) = (Vec::new(), Vec::new());
        for (condition, result) in arms {
            let condition = Truth::is_true(self.truth(condition, scope));
            let mut all: Vec<Truth> = before.clone();
            all.push(condition.clone());
            // What is never reached raises nothing.
            if !all.contains(&Truth::False) {
                all.push(self.truth(result, scope));
            }
            options.push(Truth::and(all));
            before.push(Truth::not(condition));
        }
        if !before.contains(&Truth::False) {
            before.push(self.truth(otherwise, scope));
        }
        options.push(Truth::and(before));
        Truth::or(options)
    }

    pub(super) fn call_truth(
        &mut self,
        name: &str,
        arguments: &[Expr],
        scope: &Scope<'_>,
    ) -> Truth {
        let plain = name.strip_prefix("pg_catalog.").unwrap_or(name);
        match (plain, arguments) {
            ("starts_with", [text, prefix]) => self.starts_with(text, prefix, scope),
            ("coalesce", [first, rest @ ..]) if !rest.is_empty() => {
                let first = self.truth(first, scope);
                let rest = self.call_truth(name, rest, scope);
                let unknown = Truth::is_unknown(first.clone());
                Truth::or(vec![Truth::is_true(first), Truth::and(vec![unknown, rest])])
            }
            ("coalesce", [only]) => self.truth(only, scope),
            _ => match self.inlined(name, arguments, scope) {
                Some(expr) => self.deeper(|this| this.truth(&expr, scope)),
                None => {
                    let expr = Expr::Call(name.to_owned(), arguments.to_vec());
                    self.values_truth(&expr, scope)
                }
            },
        }
    }

    /// What a call of a function stands for, where it is one expression.
    pub(super) fn inlined(
        &mut self,
        name: &str,
        arguments: &[Expr],
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let outer: Vec<Expr> = arguments.iter().map(|item| scope.qualify(item)).collect();
        (self.depth < MAX_INLINE)
            .then(|| inline::expression(self.prover, name, &outer))
            .flatten()
    }

    pub(super) fn deeper<T>(&mut self, go: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let result = go(self);
        self.depth -= 1;
        result
    }

    /// What a SECURITY DEFINER function's body comes to.
    pub(super) fn as_role<T>(
        &mut self,
        role: u32,
        go: impl FnOnce(&mut Evaluation<'_, 'a>) -> T,
    ) -> T {
        let prover = self.prover.as_role(role);
        let definer = role != self.prover.session_role();
        match prover {
            Some(prover) => self.with_prover(&prover, definer, go),
            None => {
                let prover = self.prover;
                self.with_prover(prover, definer, go)
            }
        }
    }

    pub(super) fn as_boolean(&mut self, value: Value) -> Truth {
        match value {
            Value::Bool(value) => constant(value),
            Value::Null => Truth::Null,
            Value::Text(text) => spelled_boolean(&text).map_or(Truth::Null, constant),
            Value::Row { subject } => self.atoms.atom(
                format!("{} is true", subject.text()),
                AtomKind::Equals {
                    subject,
                    constant: Constant::Text("true".into()),
                    exact: false,
                },
            ),
            Value::Setting { name } => self.atoms.atom(
                format!("{name} is true"),
                AtomKind::Session {
                    subject: Subject::tenant(&name),
                    exact: true,
                    to: Some(Constant::Text("true".into())),
                },
            ),
            other => self.opaque(other.text()),
        }
    }

    pub(super) fn is_null(&mut self, inner: &Expr, scope: &Scope<'_>) -> Truth {
        if let Expr::Row(items) = inner {
            return Truth::and(items.iter().map(|item| self.is_null(item, scope)).collect());
        }
        let branches = self.values(inner, scope);
        self.over(branches, |this, value| this.value_is_null(value))
    }

    pub(super) fn value_is_null(&mut self, value: Value) -> Truth {
        let subject = match value {
            Value::Null => return Truth::True,
            Value::Key
            | Value::Context
            | Value::Parent { .. }
            | Value::Text(_)
            | Value::User { .. }
            | Value::Bool(_) => return Truth::False,
            Value::Row { subject } if !subject.nullable => return Truth::False,
            Value::Row { subject } => subject,
            Value::Setting { name } => Subject::tenant(&name),
            other => return self.opaque(format!("{} IS NULL", other.text())),
        };
        self.atoms.atom(
            format!("{} IS NULL", subject.text()),
            AtomKind::IsNull { subject },
        )
    }
}

pub(super) fn spelled_boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "on" | "yes" | "y" | "1" => Some(true),
        "f" | "false" | "off" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

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
