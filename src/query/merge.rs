//! MERGE.

use squawk_syntax::ast::{self, AstNode};

use super::Arm;
use super::block::{Partial, Reading, Refusal};
use super::names::{Item, Level};
use super::read::Frame;
use super::syntax::{identifier, path_of};
use crate::finding::Operation;
use crate::predicate::{Expr, lower};

impl Reading<'_, '_> {
    /// MERGE: whatever it matches, it may change; what it does not match, it may add.
    pub(super) fn merge(&mut self, merge: &ast::Merge, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
        let frame = &self.with(merge.with_clause(), frame)?;
        let path = path_of(
            merge
                .table_relation_name()
                .and_then(|name| name.table_name_ref())
                .and_then(|name| name.path_ref()),
        );
        let alias = merge
            .alias()
            .and_then(|alias| alias.name())
            .map(|name| name.syntax().clone());
        let (at, partial) = self.target(&path, alias, frame)?;
        let using = merge.using_on_clause();
        let from: Vec<ast::FromListItem> = using
            .as_ref()
            .and_then(|using| using.from_list_item())
            .into_iter()
            .collect();
        let on = using
            .and_then(|using| using.on_clause())
            .and_then(|on| on.expr());
        for (_, mut arm) in self.filtered(&partial, &from, on.into_iter().collect(), frame)? {
            // Each WHEN may ask for more.
            arm.limited |= merge
                .syntax()
                .descendants()
                .any(|node| ast::MergeCondition::can_cast(node.kind()));
            self.changed(Operation::Update, at, &arm);
        }
        let adds: Vec<ast::MergeInsert> = merge
            .syntax()
            .descendants()
            .filter_map(ast::MergeInsert::cast)
            .collect();
        for add in adds {
            for source in self.sources(&from, Level::of(frame))? {
                self.merged(&add, (at, &partial), &source, frame);
            }
        }
        Ok(Vec::new())
    }

    /// A row that MERGE adds for a row of its source.
    fn merged(
        &mut self,
        add: &ast::MergeInsert,
        (at, target): (Option<usize>, &Partial),
        source: &Partial,
        frame: &Frame,
    ) {
        let mut arm = target.arm.beside(&source.arm);
        let named: Vec<String> = add
            .syntax()
            .descendants()
            .filter_map(ast::ColumnTarget::cast)
            .map(|column| identifier(column.syntax()))
            .collect();
        let values: Vec<ast::Expr> = add
            .syntax()
            .descendants()
            .find_map(ast::Row::cast)
            .into_iter()
            .flat_map(|row| row.exprs())
            .collect();
        let all: Vec<(String, Expr)> = target.items.iter().flat_map(Item::all).collect();
        for (place, value) in values.iter().enumerate() {
            let column = match named.get(place) {
                Some(name) => all.iter().find(|(known, _)| known == name),
                None => all.get(place).filter(|_| named.is_empty()),
            };
            let value = self.place(
                &lower::expr(value),
                Level::of(frame).seeing(&source.items),
                &mut arm,
            );
            if let Some((_, column)) = column {
                arm.conditions.push(Expr::Binary(
                    "=".into(),
                    Box::new(column.clone()),
                    Box::new(value),
                ));
            }
        }
        self.changed(Operation::Insert, at, &arm);
    }
}
