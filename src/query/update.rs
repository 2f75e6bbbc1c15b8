//! UPDATE and DELETE.

use squawk_syntax::ast::{self, AstNode};

use super::block::{Reading, Refusal};
use super::command::{cursor_of, row_of, where_of};
use super::names::{Level, Sight};
use super::read::Frame;
use super::syntax::{identifier, path_of};
use super::{Arm, Row, Use};
use crate::finding::Operation;
use crate::predicate::{Expr, lower};

impl Reading<'_, '_> {
    pub(super) fn update(
        &mut self,
        update: &ast::Update,
        frame: &Frame,
    ) -> Result<Vec<Arm>, Refusal> {
        let frame = &self.with(update.with_clause(), frame)?;
        let path = path_of(
            update
                .relation_name()
                .and_then(|name| name.relation_name_ref())
                .and_then(|name| name.path_ref()),
        );
        let alias = update
            .alias()
            .and_then(|alias| alias.name())
            .map(|name| name.syntax().clone());
        let (at, partial) = self.target(&path, alias, frame)?;
        let from: Vec<ast::FromListItem> = update
            .from_clause()
            .into_iter()
            .flat_map(|clause| clause.items())
            .collect();
        let filter = where_of(update.where_clause_or_current_of());
        let mut returned = Vec::new();
        let current = update
            .where_clause_or_current_of()
            .and_then(|clause| cursor_of(&clause));
        if let Some(cursor) = current {
            self.at_cursor(Operation::Update, &cursor, &partial, frame);
            return Ok(Vec::new());
        }
        for (whole, arm) in self.filtered(&partial, &from, filter, frame)? {
            self.changed(Operation::Update, at, &arm);
            if let Some(set) = update.set_clause() {
                let sight = Level::of(frame).seeing(&whole.items);
                let brought = self.set_to(&set, sight, &arm)?;
                self.stored(at, &path, brought);
            }
            if let Some(old) = at.and_then(|at| arm.rows.get(at)) {
                let sight = Level::of(frame).seeing(&whole.items);
                self.new_row(update, sight, &arm, old);
            }
            returned.extend(self.returning(update.returning_clause(), frame, &whole, &arm)?);
        }
        Ok(returned)
    }

    /// What SET puts into a row.
    pub(super) fn set_to(
        &mut self,
        set: &ast::SetClause,
        sight: Sight<'_>,
        arm: &Arm,
    ) -> Result<Arm, Refusal> {
        let mut brought = Arm {
            targets: Vec::new(),
            inner: Vec::new(),
            ..arm.clone()
        };
        let columns = set.set_column_list().into_iter();
        let columns = columns.flat_map(|list| list.set_columns());
        for (name, value) in columns.flat_map(|set| assigned(&set)) {
            if let Some(value) = value {
                let placed = self.place(&lower::expr(&value), sight, &mut brought);
                self.hidden_calls(&value, sight, &mut brought);
                brought.targets.push((name, placed));
            }
        }
        self.nested(set.syntax(), sight, &mut brought)?;
        Ok(brought)
    }

    /// What UPDATE makes of a row: the columns that it sets, on a row that was the caller's own.
    fn new_row(&mut self, update: &ast::Update, sight: Sight<'_>, arm: &Arm, old: &Row) {
        let Some(relation) = self.reader.snapshot.relations.get(&old.relation) else {
            return;
        };
        let new = row_of(self.reader, relation, "new row", sight.level.frame);
        let mut given = arm.beside(&new.arm);
        let keys = self.reader.keys(relation);
        let mut sets = false;
        let columns = update
            .set_clause()
            .and_then(|clause| clause.set_column_list())
            .into_iter()
            .flat_map(|list| list.set_columns());
        for (name, value) in columns.flat_map(|set| assigned(&set)) {
            let mut here = given.clone();
            let value = match value {
                Some(value) => self.place(&lower::expr(&value), sight, &mut here),
                None => Expr::Opaque(format!("what {name} is set to")),
            };
            given = here;
            let column = new.items.iter().find_map(|item| item.column(&name));
            if let Some(column) = column {
                sets |= keys.contains(&name);
                given
                    .conditions
                    .push(Expr::Binary("=".into(), Box::new(column), Box::new(value)));
            }
        }
        if sets {
            let at = given.rows.len() - 1;
            self.effect.uses.push(Use {
                operation: Operation::Insert,
                rows: vec![at],
                arm: given,
            });
        }
    }

    pub(super) fn delete(
        &mut self,
        delete: &ast::Delete,
        frame: &Frame,
    ) -> Result<Vec<Arm>, Refusal> {
        let frame = &self.with(delete.with_clause(), frame)?;
        let path = path_of(
            delete
                .relation_name()
                .and_then(|name| name.relation_name_ref())
                .and_then(|name| name.path_ref()),
        );
        let alias = delete
            .alias()
            .and_then(|alias| alias.name())
            .map(|name| name.syntax().clone());
        let (at, partial) = self.target(&path, alias, frame)?;
        let from: Vec<ast::FromListItem> = delete
            .using_clause()
            .into_iter()
            .flat_map(|clause| clause.items())
            .collect();
        let filter = where_of(delete.where_clause_or_current_of());
        let mut returned = Vec::new();
        let current = delete
            .where_clause_or_current_of()
            .and_then(|clause| cursor_of(&clause));
        if let Some(cursor) = current {
            self.at_cursor(Operation::Delete, &cursor, &partial, frame);
            return Ok(Vec::new());
        }
        for (whole, arm) in self.filtered(&partial, &from, filter, frame)? {
            self.changed(Operation::Delete, at, &arm);
            returned.extend(self.returning(delete.returning_clause(), frame, &whole, &arm)?);
        }
        Ok(returned)
    }
}

/// The columns of a SET item with their values, where each has one of its own.
fn assigned(set: &ast::SetColumn) -> Vec<(String, Option<ast::Expr>)> {
    let column = |target: ast::ColumnTarget| identifier(target.syntax());
    let value = |set: ast::SetExpr| set.expr();
    match set {
        ast::SetColumn::SetSingleColumn(one) => one
            .column_target()
            .map(|target| (column(target), one.set_expr().and_then(value)))
            .into_iter()
            .collect(),
        ast::SetColumn::SetMultipleColumns(several) => {
            let mut values = several
                .set_expr_list()
                .into_iter()
                .flat_map(|list| list.set_exprs())
                .map(value);
            several
                .column_target_list()
                .into_iter()
                .flat_map(|list| list.column_targets())
                .map(|target| (column(target), values.next().flatten()))
                .collect()
        }
    }
}
