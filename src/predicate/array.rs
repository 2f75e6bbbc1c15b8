//! `x = ANY (array)`, where the array is something else than a list of its elements.

use super::branch::Branches;
use super::eval::Evaluation;
use super::expr::Expr;
use super::scope::Scope;
use super::truth::{AtomKind, Truth};
use super::value::{Subject, Value};

impl Evaluation<'_, '_> {
    pub(super) fn in_array(&mut self, item: &Expr, array: &Expr, scope: &Scope<'_>) -> Truth {
        let (array, element) = match array {
            Expr::Cast(inner, ty) => match ty.strip_suffix("[]") {
                Some(element) => (&**inner, Some(element)),
                None => return self.opaque(format!("an element of a {ty}")),
            },
            other => (other, None),
        };
        let typed = |expr: Expr| match element {
            Some(ty) => Expr::Cast(Box::new(expr), ty.to_owned()),
            None => expr,
        };
        match array {
            Expr::Literal(text) => match elements(text) {
                Some(list) => {
                    let list = list.into_iter().map(typed).collect();
                    self.truth(&Expr::OneOf(Box::new(item.clone()), list), scope)
                }
                None => self.opaque(format!("an element of '{text}'")),
            },
            Expr::Call(name, arguments) if name.ends_with("string_to_array") => {
                let separator = arguments.get(1).map(|one| self.value(one, scope));
                match (arguments.as_slice(), separator) {
                    ([text, _], Some(Value::Text(separator))) => {
                        let list = self.values(text, scope);
                        self.in_parts(item, list, (&separator, element), scope)
                    }
                    _ => self.opaque("an element of string_to_array()"),
                }
            }
            Expr::Scalar(select) => {
                let mut select = (**select).clone();
                match select.targets.as_mut_slice() {
                    [(target, _)] => match target {
                        Expr::Call(name, arguments)
                            if name.ends_with("array_agg") && arguments.len() == 1 =>
                        {
                            *target = typed(arguments.remove(0));
                            self.aggregated(&select, item, scope)
                        }
                        _ => self.opaque("an element of what a sub-select returns"),
                    },
                    _ => self.opaque("a sub-select of several columns"),
                }
            }
            other => {
                let list = self.value(other, scope);
                self.in_list(item, list, scope)
            }
        }
    }

    fn in_list(&mut self, item: &Expr, list: Value, scope: &Scope<'_>) -> Truth {
        let item = self.value(item, scope);
        if matches!(item, Value::Null) {
            // NULL is in no list: unknown, or false where the list is empty.
            return self.opaque(format!("whether {} is empty", list.text()));
        }
        let text = format!("{} is in {}", item.text(), list.text());
        let kind = match list {
            Value::Null => return Truth::Null,
            // The row's own list may hold whatever it likes.
            Value::Row { subject } if !matches!(item, Value::Opaque(_) | Value::Derived(_)) => {
                AtomKind::Free { subject }
            }
            Value::Setting { name } => AtomKind::Session {
                subject: Subject::tenant(&name),
                exact: false,
                to: None,
            },
            _ => AtomKind::Opaque,
        };
        self.atoms.atom(text, kind)
    }

    /// `x = ANY (string_to_array(text, separator))`
    fn in_parts(
        &mut self,
        item: &Expr,
        list: Branches,
        (separator, element): (&str, Option<&str>),
        scope: &Scope<'_>,
    ) -> Truth {
        let splits = separator
            .chars()
            .any(|c| !c.is_alphanumeric() && !matches!(c, '-' | '{' | '}'));
        let item = self.values(item, scope);
        self.over(list, |this, list| {
            if let Value::Text(text) = &list {
                let parts: Vec<&str> = match (text.is_empty(), separator.is_empty()) {
                    (true, _) => Vec::new(),
                    (_, true) => vec![text],
                    _ => text.split(separator).collect(),
                };
                let parts: Vec<Value> = parts
                    .into_iter()
                    .map(|part| Value::Text(part.to_owned()))
                    .map(|part| element.map_or(part.clone(), |ty| this.cast(part, ty)))
                    .collect();
                return this.among(&item, parts);
            }
            let one = match list {
                Value::Null => return Truth::Null,
                // A uuid or a number is one part.
                Value::Context if splits && this.key_type.is_spelled_one_way() => Value::Context,
                Value::Setting { name } => Value::Setting { name },
                other => {
                    let text = format!("a part of {}", other.text());
                    return this.opaque(text);
                }
            };
            let one = match element {
                Some(ty) => this.cast(one, ty),
                None => one,
            };
            this.among(&item, vec![one])
        })
    }

    fn among(&mut self, item: &Branches, list: Vec<Value>) -> Truth {
        let each = |one: Value| {
            self.over(item.clone(), |this, item| {
                this.equal_values(item, one.clone())
            })
        };
        Truth::or(list.into_iter().map(each).collect())
    }
}

/// The elements of `{a,"b",NULL}`; `None` where it is nested or quoted in a way that is not read.
fn elements(text: &str) -> Option<Vec<Expr>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.trim().is_empty() {
        return Some(Vec::new());
    }
    if inner.contains(['{', '}', '\\']) {
        return None;
    }
    inner
        .split(',')
        .map(|part| {
            let part = part.trim();
            match part.strip_prefix('"') {
                Some(rest) => rest
                    .strip_suffix('"')
                    .filter(|inner| !inner.contains('"'))
                    .map(|inner| Expr::Literal(inner.to_owned())),
                None if part.eq_ignore_ascii_case("null") => Some(Expr::Null),
                None if part.contains('"') => None,
                None => Some(Expr::Literal(part.to_owned())),
            }
        })
        .collect()
}
