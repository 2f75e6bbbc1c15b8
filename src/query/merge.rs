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
        let mut returned = Vec::new();
        let kinds = self.matched(merge, &partial);
        for (whole, arm) in self.filtered(&partial, &from, on.into_iter().collect(), frame)? {
            let mut shown = false;
            for (operation, limited, beyond) in &kinds {
                // What no row of the source matches is any row.
                let of = if *beyond { &partial.arm } else { &arm };
                let mut arm = of.clone();
                // Each WHEN may ask for more.
                arm.limited |= limited | beyond;
                self.changed(*operation, at, &arm);
                shown = true;
            }
            for set in merge
                .syntax()
                .descendants()
                .filter_map(ast::SetClause::cast)
            {
                let sight = Level::of(frame).seeing(&whole.items);
                let brought = self.set_to(&set, sight, &arm)?;
                self.stored(at, &path, brought);
            }
            if shown {
                returned.extend(self.returning(merge.returning_clause(), frame, &whole, &arm)?);
            }
        }
        returned.extend(self.added(merge, (&partial, &path), &from, frame)?);
        Ok(returned)
    }

    /// The rows that MERGE adds for rows of its source; what it returns of them.
    fn added(
        &mut self,
        merge: &ast::Merge,
        (partial, path): (&Partial, &[String]),
        from: &[ast::FromListItem],
        frame: &Frame,
    ) -> Result<Vec<Arm>, Refusal> {
        let at = partial.arm.rows.first().map(|_| 0);
        let mut returned = Vec::new();
        let adds: Vec<ast::MergeInsert> = merge
            .syntax()
            .descendants()
            .filter_map(ast::MergeInsert::cast)
            .collect();
        for add in adds {
            for source in self.sources(from, Level::of(frame))? {
                let arm = self.merged(&add, partial, &source, frame);
                self.changed(Operation::Insert, at, &arm);
                let mut items = partial.items.clone();
                items.extend(source.items.iter().cloned());
                let whole = Partial {
                    items,
                    ..partial.clone()
                };
                returned.extend(self.returning(merge.returning_clause(), frame, &whole, &arm)?);
                self.stored(at, path, arm);
            }
        }
        Ok(returned)
    }

    /// What MERGE does to rows that are there: the operation, whether a WHEN asks for more, and
    /// whether it is about rows that no row of the source matches.
    fn matched(&mut self, merge: &ast::Merge, target: &Partial) -> Vec<(Operation, bool, bool)> {
        let keys = target
            .arm
            .rows
            .first()
            .and_then(|row| self.reader.snapshot.relations.get(&row.relation))
            .map(|relation| self.reader.keys(relation))
            .unwrap_or_default();
        let mut found = Vec::new();
        for when in merge.merge_when_clauses() {
            let (action, condition, beyond) = match &when {
                ast::MergeWhenClause::MergeWhenMatched(when) => {
                    (when.merge_action(), when.merge_condition(), false)
                }
                ast::MergeWhenClause::MergeWhenNotMatchedSource(when) => {
                    (when.merge_action(), when.merge_condition(), true)
                }
                ast::MergeWhenClause::MergeWhenNotMatchedTarget(_) => continue,
            };
            let operation = match action {
                Some(ast::MergeAction::MergeUpdate(update)) => {
                    let mut columns = update
                        .syntax()
                        .descendants()
                        .filter_map(ast::ColumnTarget::cast)
                        .map(|column| identifier(column.syntax()));
                    if columns.any(|column| keys.contains(&column)) {
                        let why = "a MERGE that sets whose a row is";
                        self.effect.unknown.push(why.to_owned());
                    }
                    Operation::Update
                }
                Some(ast::MergeAction::MergeDelete(_)) => Operation::Delete,
                _ => continue,
            };
            found.push((operation, condition.is_some(), beyond));
        }
        found
    }

    /// A row that MERGE adds for a row of its source.
    fn merged(
        &mut self,
        add: &ast::MergeInsert,
        target: &Partial,
        source: &Partial,
        frame: &Frame,
    ) -> Arm {
        let mut arm = target.arm.beside(&source.arm);
        // WHEN may ask for more.
        arm.limited |= add
            .syntax()
            .ancestors()
            .find_map(ast::MergeWhenNotMatchedTarget::cast)
            .is_some_and(|when| when.merge_condition().is_some());
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
            if let Some((name, column)) = column {
                arm.targets.push((name.clone(), value.clone()));
                arm.conditions.push(Expr::Binary(
                    "=".into(),
                    Box::new(column.clone()),
                    Box::new(value),
                ));
            }
        }
        arm
    }
}
