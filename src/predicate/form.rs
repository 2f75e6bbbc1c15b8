//! How a policy is written, as far as speed goes: what it says is the same.

use super::Prover;
use super::expr::Expr;
use crate::catalog::{Column, Policy, Relation};

/// What slows a policy down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// It asks for a setting for every row, not once for the statement.
    pub setting_per_row: bool,
    /// It compares something computed from the tenant key, which an index on the key cannot serve.
    pub converts_key: bool,
}

impl Prover<'_> {
    /// Looks at USING: new rows are checked one at a time in any case.
    pub fn form(&self, relation: &Relation, policy: &Policy) -> Form {
        let Some(text) = policy.using.as_deref() else {
            return Form::default();
        };
        let Some(expr) = self.parse(text) else {
            return Form::default();
        };
        let key = self.tenancy.key_column(relation.oid);
        let converts_key = policy.permissive
            && key.is_some_and(|key| self.converts(&expr, relation, key))
            && !served_by_expression(relation, text);
        Form {
            setting_per_row: asks_per_row(&expr),
            converts_key,
        }
    }

    fn converts(&self, expr: &Expr, relation: &Relation, key: &Column) -> bool {
        let kind = self.kind_of_oid(key.type_oid);
        let is_key = |expr: &Expr| match expr {
            Expr::Column { table, name } => {
                *name == key.name
                    && table
                        .as_deref()
                        .is_none_or(|table| table == relation.name || table == relation.verbatim())
            }
            _ => false,
        };
        let mut found = false;
        expr.walk(&mut |expr| {
            found |= match expr {
                // varchar is printed as (key)::text, which converts nothing.
                Expr::Cast(inner, ty) => is_key(inner) && self.type_kind(ty) != kind,
                Expr::Call(_, arguments) => arguments.iter().any(is_key),
                _ => false,
            };
            true
        });
        found
    }
}

/// Whether a setting is asked for outside of every sub-select that reads no table.
fn asks_per_row(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| {
        found |= matches!(expr, Expr::Call(name, _) if name.ends_with("current_setting"));
        !matches!(expr, Expr::Scalar(select) if select.from.is_empty())
    });
    found
}

/// Whether an index holds the very expression that the policy compares.
fn served_by_expression(relation: &Relation, text: &str) -> bool {
    relation.indexes.iter().any(|index| {
        index.usable
            && !index.partial
            && index.columns.first() == Some(&0)
            && index
                .expressions
                .as_deref()
                .is_some_and(|expression| text.contains(expression))
    })
}
