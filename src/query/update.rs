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
            if let Some(old) = at.and_then(|at| arm.rows.get(at)) {
                let sight = Level::of(frame).seeing(&whole.items);
                self.new_row(update, sight, &arm, old);
            }
            returned.extend(self.returning(update.returning_clause(), frame, &whole, &arm)?);
        }
        Ok(returned)
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
        for set in columns {
            let ast::SetColumn::SetSingleColumn(set) = set else {
                continue;
            };
            let (Some(column), Some(value)) = (set.column_target(), set.set_expr()) else {
                continue;
            };
            let name = identifier(column.syntax());
            let Some(value) = value.syntax().children().find_map(ast::Expr::cast) else {
                continue;
            };
            let mut here = given.clone();
            let value = self.place(&lower::expr(&value), sight, &mut here);
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
