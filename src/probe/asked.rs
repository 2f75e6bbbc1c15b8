//! Settings other than the context that a table's policies ask for: who reads it, in which region he
//! works. Without them an organization may not see its own rows, and then silence says nothing.

use std::collections::BTreeMap;

use super::arena::setting;
use super::case::Case;
use super::specimen::Specimen;
use super::world::World;
use crate::catalog::Relation;
use crate::predicate::{Expr, expression};
use crate::session::quote;

/// Statements that set them as the victim's own session would; none where they are not asked for.
///
/// A setting that is compared with the tenant's key is a second context: it is left alone.
pub(super) fn settings(case: &Case<'_, '_>) -> Vec<String> {
    let Some(row) = &case.b else {
        return Vec::new();
    };
    let mut wanted = Asked {
        world: case.world,
        relation: case.relation,
        row,
        key: &case.link().name,
        values: BTreeMap::new(),
    };
    let policies = case.relation.policies.iter().filter(|policy| {
        let applies = |role: &u32| *role == 0 || case.world.app_roles.contains(role);
        policy.roles.iter().any(applies)
    });
    for text in policies
        .flat_map(|policy| [&policy.using, &policy.check])
        .flatten()
    {
        if let Some(expr) = expression(text) {
            wanted.read(&expr);
        }
    }
    wanted.statements()
}

struct Asked<'a> {
    world: &'a World<'a>,
    relation: &'a Relation,
    row: &'a Specimen,
    key: &'a str,
    /// Values by setting, and how often each is asked for; none where the setting is the tenant's.
    values: BTreeMap<String, Option<BTreeMap<String, usize>>>,
}

impl Asked<'_> {
    fn read(&mut self, expr: &Expr) {
        let mut pairs = Vec::new();
        expr.walk(&mut |node| {
            match node {
                Expr::Binary(op, left, right) if op == "=" => compared(left, right, &mut pairs),
                Expr::Same(left, right) => compared(left, right, &mut pairs),
                Expr::OneOf(item, list) => {
                    for one in list {
                        compared(item, one, &mut pairs);
                    }
                }
                _ => {}
            }
            true
        });
        for (name, other) in pairs {
            self.take(name, &other);
        }
    }

    fn take(&mut self, name: String, other: &Expr) {
        let context = self.world.context();
        if name.eq_ignore_ascii_case(context) || !name.contains('.') {
            return;
        }
        let value = match bare(other) {
            Expr::Literal(text) => Some(text.clone()),
            Expr::Bool(value) => Some(value.to_string()),
            Expr::Column { name: column, .. } if column == self.key => {
                self.values.insert(name, None);
                return;
            }
            Expr::Column { name: column, .. } => {
                self.row.cell(self.relation, column).map(str::to_owned)
            }
            _ => None,
        };
        let known = self
            .values
            .entry(name)
            .or_insert_with(|| Some(BTreeMap::new()));
        let organizations = [&self.world.a, &self.world.b];
        let value = value.filter(|value| !organizations.contains(&value));
        if let (Some(known), Some(value)) = (known, value) {
            *known.entry(value).or_insert(0) += 1;
        }
    }

    /// For each setting the value that most conditions ask for.
    fn statements(self) -> Vec<String> {
        let best = |values: BTreeMap<String, usize>| {
            let most = values.values().copied().max()?;
            let mut first = values.into_iter();
            first
                .find(|(_, count)| *count == most)
                .map(|(value, _)| value)
        };
        self.values
            .into_iter()
            .filter_map(|(name, values)| {
                let value = best(values?)?;
                Some(format!(
                    "set local {} = {}",
                    setting(&name),
                    quote::literal(&value)
                ))
            })
            .collect()
    }
}

/// The setting on one side of a comparison, and the other side.
fn compared(left: &Expr, right: &Expr, pairs: &mut Vec<(String, Expr)>) {
    if let (Expr::Row(left), Expr::Row(right)) = (left, right) {
        for (left, right) in left.iter().zip(right) {
            compared(left, right, pairs);
        }
        return;
    }
    for (one, other) in [(left, right), (right, left)] {
        if let Some(name) = named(one) {
            pairs.push((name, other.clone()));
        }
    }
}

/// The setting that an expression is made of.
fn named(expr: &Expr) -> Option<String> {
    match bare(expr) {
        Expr::Call(name, items) if name.rsplit('.').next() == Some("current_setting") => {
            match bare(items.first()?) {
                Expr::Literal(name) => Some(name.clone()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Without casts, NULLIF, COALESCE and a sub-select around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(inner, _) => bare(inner),
        Expr::Call(name, items) if matches!(name.as_str(), "nullif" | "coalesce") => {
            items.first().map_or(expr, bare)
        }
        Expr::Scalar(select) => match select.targets.as_slice() {
            [(target, _)] if select.from.is_empty() => bare(target),
            _ => expr,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<String> {
        let Some(Expr::Binary(_, left, right)) = expression(text) else {
            panic!("not a comparison")
        };
        let mut found = Vec::new();
        compared(&left, &right, &mut found);
        found.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn settings_in_comparisons() {
        assert_eq!(
            pairs("(region = current_setting('app.region'::text, true))"),
            ["app.region"]
        );
        assert_eq!(
            pairs("(id = (NULLIF(current_setting('app.user'::text, true), ''::text))::integer)"),
            ["app.user"]
        );
        assert_eq!(
            pairs("(ROW(a, b) = ROW(1, current_setting('app.b'::text)))"),
            ["app.b"]
        );
        assert_eq!(pairs("(a = b)"), [""; 0]);
    }
}
