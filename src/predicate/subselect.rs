//! EXISTS and IN: does a row that lets the outer row through have to be the same tenant's?

use super::eval::Evaluation;
use super::expr::{Expr, FromTable, Select};
use super::scalar::aggregate;
use super::scope::{Identity, Scope};
use super::truth::{AtomKind, Truth};
use super::types::keeps_apart;
use super::value::Value;
use super::{Prover, inline};
use crate::catalog::{ConstraintKind, Relation};

/// Sub-selects and policies nested deeper than this are not followed; the server itself refuses
/// policies that refer to themselves.
const MAX_DEPTH: usize = 8;

/// A row of a FROM, what it is called, and whose it is.
pub(super) type Row<'r> = (&'r Relation, String, Identity);

/// What is asked of a sub-select's rows.
pub(super) struct Question<'q> {
    pub(super) select: &'q Select,
    /// That the result equals this.
    pub(super) item: Option<&'q Expr>,
    /// That this holds as well, said in the sub-select's own words.
    pub(super) also: Option<&'q Expr>,
    /// That it is the one row which a scalar sub-select returns.
    pub(super) single: bool,
}

impl<'a> Evaluation<'_, 'a> {
    /// The formula of `EXISTS (select)`, or of `item IN (select)`.
    pub(super) fn exists(
        &mut self,
        select: &Select,
        item: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Truth {
        if let Some(name) = aggregate(select) {
            return self.opaque(format!("{name}() of {}", tables(select)));
        }
        let question = Question {
            select,
            item,
            also: None,
            single: false,
        };
        self.ask(&question, scope)
    }

    pub(super) fn ask(&mut self, question: &Question<'_>, scope: &Scope<'_>) -> Truth {
        let select = question.select;
        if self.depth >= MAX_DEPTH {
            return self.opaque("a deeply nested sub-select");
        }
        if select.from.is_empty() {
            return self.without_table(question, scope);
        }
        let mut found = Vec::new();
        for table in &select.from {
            match self.prover.find(table) {
                Some(relation) if relation.kind.is_table() => found.push(relation),
                _ => return self.opaque(format!("a sub-select on {}", named(table))),
            }
        }
        let number = self.number(question, scope);
        let mut rows: Vec<Row<'_>> = found
            .iter()
            .zip(&select.from)
            .map(|(relation, table)| {
                let alias = format!("{}#{number}", table.alias);
                (*relation, alias, Identity::Any)
            })
            .collect();
        let own = |expr: &Expr| self.prover.own_names(expr, select, &rows);
        let mut conditions = Vec::new();
        flatten(select.filter.as_ref(), &mut conditions);
        conditions.extend(question.also.cloned());
        let mut conditions: Vec<Expr> = conditions.iter().map(own).collect();
        if let Some(item) = question.item {
            // An unqualified column of the item is the outer row's, whatever the inner rows have.
            let item = match scope.qualify(item) {
                Expr::Row(items) => items,
                one => vec![one],
            };
            if item.len() != select.targets.len() {
                return self.opaque("a sub-select of several columns");
            }
            for (item, (target, _)) in item.into_iter().zip(&select.targets) {
                let target = self.prover.own_names(target, select, &rows);
                conditions.push(Expr::Binary("=".into(), Box::new(target), Box::new(item)));
            }
        }
        self.deeper(|this| this.exists_in(&mut rows, &conditions, scope, question))
    }

    /// The same sub-select is the same everywhere; another one has rows of its own.
    fn number(&mut self, question: &Question<'_>, scope: &Scope<'_>) -> usize {
        let name = format!(
            "{} {:?} {:?} {:?} {}",
            scope.alias, question.select, question.item, question.also, self.prover.role
        );
        match self.selects.iter().position(|known| *known == name) {
            Some(at) => at,
            None => {
                self.selects.push(name);
                self.selects.len() - 1
            }
        }
    }

    fn without_table(&mut self, question: &Question<'_>, scope: &Scope<'_>) -> Truth {
        let select = question.select;
        let mut all = Vec::new();
        if let Some(filter) = &select.filter {
            all.push(self.truth(filter, scope));
        }
        match (question.item, select.targets.as_slice()) {
            (None, _) => {}
            (Some(item), [(Expr::Call(name, arguments), _)])
                if inline::returns_set(self.prover, name, arguments) =>
            {
                let outer: Vec<Expr> = arguments.iter().map(|item| scope.qualify(item)).collect();
                let Some((role, rows)) = inline::rows(self.prover, name, &outer) else {
                    return self.opaque(format!("the rows of {name}()"));
                };
                let here = self.prover.role;
                let item = Expr::As(here, Box::new(scope.qualify(item)));
                all.push(self.as_role(role, |this| this.exists(&rows, Some(&item), scope)));
            }
            (Some(item), [(target, _)]) => all.push(self.equal(target, item, scope)),
            _ => all.push(self.opaque("a sub-select of several columns")),
        }
        Truth::and(all)
    }

    fn exists_in(
        &mut self,
        rows: &mut [Row<'_>],
        conditions: &[Expr],
        scope: &Scope<'_>,
        question: &Question<'_>,
    ) -> Truth {
        let mut parents = 0;
        while self.identify(rows, conditions, scope) {
            parents += 1;
        }
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
        let formula = Truth::is_true(Truth::and(formulas));
        if self.atoms.never(&formula, &[]) {
            return self.not_found(question);
        }
        // The row's own parent: it is there, by the foreign key that leads to it.
        let own = matches!(rows, [(parent, _, Identity::Other)] if parents == 1
            && scope.identity == Identity::Other
            && self.has_parent(scope.relation, parent));
        match own {
            true => formula,
            false => self.present(rows, scope, formula, question.single),
        }
    }

    /// Where no row can be found: EXISTS is FALSE, a value that is not there is NULL, and IN is NULL
    /// where a row has none.
    fn not_found(&mut self, question: &Question<'_>) -> Truth {
        let table = tables(question.select);
        if question.single {
            let text = format!("what a sub-select on {table} returns");
            return self.atoms.found(text, AtomKind::Opaque, Truth::False);
        }
        match question.item {
            None => Truth::False,
            Some(_) => {
                let text = format!("{table} has such a row");
                let of_row = true;
                let kind = AtomKind::Exists { table, of_row };
                self.atoms.found(text, kind, Truth::False)
            }
        }
    }

    /// Whether every row of a child has a row in the parent.
    fn has_parent(&self, child: &Relation, parent: &Relation) -> bool {
        let Some(table) = self.prover.tenancy.tables.get(&child.oid) else {
            return false;
        };
        let crate::tenancy::Reach::Via {
            column,
            parent: to,
            parent_column,
        } = table.reach
        else {
            return false;
        };
        let filled = |number: &i16| child.attribute(*number).is_some_and(|c| c.not_null);
        to == parent.oid
            && child.constraints.iter().any(|constraint| {
                constraint.kind == ConstraintKind::Foreign
                    && constraint.validated
                    && constraint.references == parent.oid
                    && constraint
                        .pairs()
                        .any(|pair| pair == (column, parent_column))
                    && constraint.columns.iter().all(filled)
            })
    }

    /// Finds out whose a row is from an equality with something whose tenant is known; true when
    /// something new was found.
    pub(super) fn identify(
        &mut self,
        rows: &mut [Row<'_>],
        conditions: &[Expr],
        scope: &Scope<'_>,
    ) -> bool {
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
                if self.is_of_row(rows[at].0, column, &value) {
                    rows[at].2 = Identity::Other;
                    return true;
                }
            }
        }
        false
    }

    /// Whether a row whose `column` equals `value` is the same tenant's as the row.
    fn is_of_row(&self, relation: &Relation, column: i16, value: &Value) -> bool {
        let key = self.prover.tenancy.key_column(relation.oid);
        match value {
            Value::Key => key.is_some_and(|key| key.number == column),
            Value::Parent {
                relation: parent,
                column: number,
            } => (*parent, *number) == (relation.oid, column),
            _ => false,
        }
    }

    /// The column of a row of unknown identity that an expression is, below casts that keep its
    /// values apart.
    fn plain_column(&self, mut expr: &Expr, rows: &[Row<'_>]) -> Option<(usize, i16)> {
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
        let kind = self.prover.kind_of(column);
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
            Some(predicate) => self.on_row(&predicate, relation, alias, identity),
        }
    }

    /// A policy's expression on a row of its table that is called `alias` here.
    pub(super) fn on_row(
        &mut self,
        predicate: &Expr,
        relation: &Relation,
        alias: &str,
        identity: Identity,
    ) -> Truth {
        let scope = Scope {
            relation,
            alias: alias.to_owned(),
            identity,
            outer: None,
            beside: None,
        };
        self.truth(&called(predicate, relation, alias), &scope)
    }
}

/// A policy's expression, which calls the row by its table's name, for a row of another name.
pub(super) fn called(predicate: &Expr, relation: &Relation, alias: &str) -> Expr {
    predicate.map(|table, column, around| {
        let table = table?;
        let shadowed = around
            .iter()
            .any(|select| select.from.iter().any(|from| from.alias == table));
        let own = table == relation.name || table == relation.verbatim();
        (own && !shadowed).then(|| Expr::Column {
            table: Some(alias.to_owned()),
            name: column.to_owned(),
        })
    })
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

    /// An expression of a sub-select with the names that its rows have here.
    fn own_names(&self, expr: &Expr, select: &Select, rows: &[Row<'_>]) -> Expr {
        expr.map(|table, name, around| {
            let mut inner = around.iter().flat_map(|select| &select.from);
            let shadowed = inner.any(|from| match table {
                Some(table) => from.alias == table,
                None => self.find(from).is_none_or(|r| r.column(name).is_some()),
            });
            if shadowed {
                return None;
            }
            let at =
                select
                    .from
                    .iter()
                    .zip(rows)
                    .position(|(from, (relation, ..))| match table {
                        Some(table) => from.alias == table || relation.verbatim() == table,
                        None => relation.column(name).is_some(),
                    })?;
            Some(Expr::Column {
                table: Some(rows[at].1.clone()),
                name: name.to_owned(),
            })
        })
    }
}

/// Whether a table is read somewhere in an expression.
pub(super) fn reads_table(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| {
        if let Expr::Scalar(select) | Expr::Exists(select) | Expr::InSelect(_, select) = expr {
            found |= !select.from.is_empty();
        }
        !found
    });
    found
}

fn named(table: &FromTable) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

pub(super) fn tables(select: &Select) -> String {
    let names: Vec<String> = select.from.iter().map(named).collect();
    names.join(", ")
}

fn flatten(filter: Option<&Expr>, into: &mut Vec<Expr>) {
    match filter {
        None => {}
        Some(Expr::And(items)) => items.iter().for_each(|item| flatten(Some(item), into)),
        Some(other) => into.push(other.clone()),
    }
}

/// Calls `with` with the rows of one FROM beside each other.
pub(super) fn with_scopes(
    rows: &[Row<'_>],
    outer: Option<&Scope<'_>>,
    with: &mut dyn FnMut(&Scope<'_>),
) {
    fn nest(
        rows: &[Row<'_>],
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
