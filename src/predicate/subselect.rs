//! EXISTS and IN: does a row that lets the outer row through have to be the same tenant's?

use super::Prover;
use super::eval::Evaluation;
use super::expr::{Expr, FromTable, Select};
use super::scope::{Identity, Scope};
use super::truth::{AtomKind, Outcome, Truth};
use super::value::{Value, keeps_apart};
use crate::catalog::Relation;

/// Sub-selects and policies nested deeper than this are not followed; the server itself refuses
/// policies that refer to themselves.
const MAX_DEPTH: usize = 6;

impl Evaluation<'_, '_> {
    /// The formula of `EXISTS (select)`, or of `item IN (select)`.
    pub(super) fn exists(
        &mut self,
        select: &Select,
        item: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Truth {
        let opaque = |this: &mut Self, why: &str| this.atoms.atom(why, AtomKind::Opaque);
        if self.depth >= MAX_DEPTH {
            return opaque(self, "a deeply nested sub-select");
        }
        let mut conditions = Vec::new();
        flatten(select.filter.as_ref(), &mut conditions);
        if let Some(item) = item {
            let [(target, _)] = select.targets.as_slice() else {
                return opaque(self, "a sub-select of several columns");
            };
            // An unqualified column of the item is the outer row's, whatever the inner rows have.
            let item = qualify(item.clone(), &scope.alias);
            conditions.push(Expr::Binary(
                "=".into(),
                Box::new(target.clone()),
                Box::new(item),
            ));
        }
        let mut rows = Vec::new();
        for table in &select.from {
            match self.prover.find(table) {
                Some(relation) if relation.kind.is_table() => {
                    rows.push((relation, table.alias.clone(), Identity::Any));
                }
                _ => return opaque(self, &format!("a sub-select on {}", named(table))),
            }
        }
        self.depth += 1;
        let truth = self.exists_in(&mut rows, &conditions, scope);
        self.depth -= 1;
        truth
    }

    fn exists_in(
        &mut self,
        rows: &mut [(&Relation, String, Identity)],
        conditions: &[Expr],
        scope: &Scope<'_>,
    ) -> Truth {
        while self.identify(rows, conditions, scope) {}
        let mut formulas = Vec::new();
        with_scopes(rows, Some(scope), &mut |inner| {
            formulas = conditions
                .iter()
                .map(|condition| self.truth(condition, inner))
                .collect();
        });
        for (relation, alias, identity) in rows.iter() {
            formulas.push(self.visible(relation, alias, *identity));
        }
        let formula = Truth::and(formulas);
        let tied = conditions
            .iter()
            .any(|condition| self.mentions_outer(condition, rows, scope));
        let names = rows
            .iter()
            .map(|(relation, ..)| relation.verbatim())
            .collect::<Vec<_>>()
            .join(", ");
        match self.atoms.solve(&formula) {
            Outcome::Never => Truth::False,
            // The row's own parent: it is there, by the foreign key that leads to it.
            Outcome::Yes(_)
                if rows
                    .iter()
                    .all(|(.., identity)| *identity == Identity::Other) =>
            {
                formula
            }
            // Nothing ties the sub-select to the row: one row that passes opens all.
            Outcome::Yes(_) if !tied => self.atoms.atom(
                format!("{names} has any row that passes"),
                AtomKind::Exists {
                    subject: format!("exists {names}"),
                },
            ),
            _ => self
                .atoms
                .atom(format!("a sub-select on {names}"), AtomKind::Opaque),
        }
    }

    /// Finds out whose a row is from an equality with something whose tenant is known; true when
    /// something new was found.
    pub(super) fn identify(
        &mut self,
        rows: &mut [(&Relation, String, Identity)],
        conditions: &[Expr],
        scope: &Scope<'_>,
    ) -> bool {
        let mut found = None;
        for condition in conditions {
            let Expr::Binary(op, left, right) = condition else {
                continue;
            };
            if op != "=" {
                continue;
            }
            for (one, other) in [(left, right), (right, left)] {
                let Some((at, column)) = self.plain_column(one, rows) else {
                    continue;
                };
                let mut value = Value::Null;
                with_scopes(rows, Some(scope), &mut |inner| {
                    value = self.value(other, inner);
                });
                let Some(identity) = self.whose(rows[at].0, column, &value) else {
                    continue;
                };
                // Whose parent it is decides; that it should also be the context's is then a
                // condition like any other, and fails.
                if found.is_none() || identity == Identity::Other {
                    found = Some((at, identity));
                }
            }
        }
        match found {
            Some((at, identity)) => {
                rows[at].2 = identity;
                true
            }
            None => false,
        }
    }

    /// Whose a row is whose `column` equals `value`.
    fn whose(&self, relation: &Relation, column: i16, value: &Value) -> Option<Identity> {
        let key = self.prover.tenancy.key_column(relation.oid);
        let is_key = key.is_some_and(|key| key.number == column);
        match value {
            Value::Key if is_key => Some(Identity::Other),
            Value::Context if is_key => Some(Identity::Current),
            Value::Parent {
                relation: parent,
                column: number,
            } if (*parent, *number) == (relation.oid, column) => Some(Identity::Other),
            _ => None,
        }
    }

    /// The column of a row of unknown identity that an expression is, below casts that keep its
    /// values apart.
    fn plain_column(
        &self,
        mut expr: &Expr,
        rows: &[(&Relation, String, Identity)],
    ) -> Option<(usize, i16)> {
        let mut casts = Vec::new();
        while let Expr::Cast(inner, ty) = expr {
            casts.push(ty);
            expr = inner;
        }
        let Expr::Column { table, name } = expr else {
            return None;
        };
        let at = rows.iter().position(|(relation, alias, identity)| {
            *identity == Identity::Any
                && table
                    .as_deref()
                    .is_none_or(|table| table == alias || *table == relation.verbatim())
                && relation.column(name).is_some()
        })?;
        let column = rows[at].0.column(name)?;
        let kind = self.prover.kind_of_oid(column.type_oid);
        casts
            .iter()
            .all(|ty| keeps_apart(kind, self.prover.type_kind(ty)))
            .then_some((at, column.number))
    }

    /// What the inner table's own policies add: the sub-select runs as the querying role.
    pub(super) fn visible(
        &mut self,
        relation: &Relation,
        alias: &str,
        identity: Identity,
    ) -> Truth {
        match self.prover.select_predicate(relation) {
            None => Truth::True,
            Some(predicate) => {
                let scope = Scope {
                    relation,
                    alias: alias.to_owned(),
                    identity,
                    outer: None,
                    beside: None,
                };
                // Inside a policy the table's columns are unqualified, or carry its own name.
                let named = Scope {
                    alias: relation.name.clone(),
                    ..scope
                };
                self.truth(&predicate, &named)
            }
        }
    }

    /// Whether a condition refers to a row outside of the sub-select.
    fn mentions_outer(
        &self,
        condition: &Expr,
        rows: &[(&Relation, String, Identity)],
        scope: &Scope<'_>,
    ) -> bool {
        let mut found = false;
        condition.walk(&mut |expr| {
            if let Expr::Column { table, name } = expr {
                let inner = rows.iter().any(|(relation, alias, _)| {
                    table
                        .as_deref()
                        .is_none_or(|table| table == alias || table == relation.verbatim())
                        && relation.column(name).is_some()
                });
                found |= !inner && scope.find(table.as_deref(), name).is_some();
            }
            true
        });
        found
    }
}

impl<'a> Prover<'a> {
    /// The relation that FROM names.
    pub(super) fn find(&self, table: &FromTable) -> Option<&'a Relation> {
        let snapshot = self.tenancy.snapshot;
        match &table.schema {
            Some(schema) => snapshot.find(schema, &table.name),
            // Without a schema the text is not the server's own, and the path decides.
            None => None,
        }
    }
}

fn named(table: &FromTable) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

fn flatten(filter: Option<&Expr>, into: &mut Vec<Expr>) {
    match filter {
        None => {}
        Some(Expr::And(items)) => items.iter().for_each(|item| flatten(Some(item), into)),
        Some(other) => into.push(other.clone()),
    }
}

fn qualify(expr: Expr, alias: &str) -> Expr {
    match expr {
        Expr::Column { table: None, name } => Expr::Column {
            table: Some(alias.to_owned()),
            name,
        },
        Expr::Cast(inner, ty) => Expr::Cast(Box::new(qualify(*inner, alias)), ty),
        Expr::Call(name, items) => Expr::Call(
            name,
            items.into_iter().map(|item| qualify(item, alias)).collect(),
        ),
        other => other,
    }
}

/// Calls `with` with the rows of one FROM beside each other.
pub(super) fn with_scopes(
    rows: &[(&Relation, String, Identity)],
    outer: Option<&Scope<'_>>,
    with: &mut dyn FnMut(&Scope<'_>),
) {
    fn nest(
        rows: &[(&Relation, String, Identity)],
        outer: Option<&Scope<'_>>,
        beside: Option<&Scope<'_>>,
        with: &mut dyn FnMut(&Scope<'_>),
    ) {
        let Some(((relation, alias, identity), rest)) = rows.split_first() else {
            if let Some(scope) = beside {
                with(scope);
            }
            return;
        };
        let scope = Scope {
            relation,
            alias: alias.clone(),
            identity: *identity,
            outer,
            beside,
        };
        nest(rest, outer, Some(&scope), with);
    }
    nest(rows, outer, None, with);
}
