//! Statements: what they return, and what they change.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::block::{Block, Partial, Reading, Refusal, condition};
use super::from::unknown;
use super::names::{Item, Level};
use super::read::{Calls, Frame, Reader};
use super::syntax::{flatten, has_opaque, identifier};
use super::{Arm, Effect, Row, Stored, Use};
use crate::catalog::{Relation, RelationKind};
use crate::finding::Operation;
use crate::predicate::{Expr, lower};

impl Reader<'_> {
    /// What a statement comes to, as `frame` says.
    pub fn statement(&self, node: &SyntaxNode, frame: &Frame, calls: &dyn Calls) -> Effect {
        let mut effect = Effect::default();
        let mut reading = Reading {
            reader: self,
            calls,
            effect: &mut effect,
        };
        match reading.any(node, frame) {
            Ok(shown) => effect.shown.extend(shown),
            Err(why) => effect.unknown.push(why),
        }
        effect
    }

    /// What an expression of PL/pgSQL is worth: a SELECT of it.
    pub fn expression(&self, expr: &ast::PlpgsqlExpr, frame: &Frame, calls: &dyn Calls) -> Effect {
        let mut effect = Effect::default();
        let mut reading = Reading {
            reader: self,
            calls,
            effect: &mut effect,
        };
        let block = Block::of_expr(expr);
        match reading.block(&block, Level::of(frame)) {
            Ok(shown) => effect.shown.extend(shown),
            Err(why) => effect.unknown.push(why),
        }
        effect
    }

    /// Every way through a view that `frame` reads.
    ///
    /// # Errors
    /// Why its query is not followed.
    pub fn view(
        &self,
        view: &Relation,
        frame: &Frame,
        calls: &dyn Calls,
    ) -> Result<Vec<Arm>, String> {
        let mut effect = Effect::default();
        let mut reading = Reading {
            reader: self,
            calls,
            effect: &mut effect,
        };
        reading.view(view, frame)
    }
}

impl Reading<'_, '_> {
    fn any(&mut self, node: &SyntaxNode, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
        if let Some(query) = ast::SelectVariant::cast(node.clone()) {
            return self.variant(&query, Level::of(frame));
        }
        match self.changing(node, frame)? {
            Some(returned) => Ok(returned),
            None => Err(format!(
                "a {} statement",
                node.first_token()
                    .map_or_else(String::new, |token| token.text().to_uppercase())
            )),
        }
    }

    /// A query of WITH that changes data: what it returns; `None` for a SELECT.
    pub(super) fn modifying(
        &mut self,
        query: &ast::WithQuery,
        frame: &Frame,
    ) -> Result<Option<Vec<Arm>>, Refusal> {
        self.changing(query.syntax(), frame)
    }

    fn changing(&mut self, node: &SyntaxNode, frame: &Frame) -> Result<Option<Vec<Arm>>, Refusal> {
        if let Some(insert) = ast::Insert::cast(node.clone()) {
            return self.insert(&insert, frame).map(Some);
        }
        if let Some(update) = ast::Update::cast(node.clone()) {
            return self.update(&update, frame).map(Some);
        }
        if let Some(delete) = ast::Delete::cast(node.clone()) {
            return self.delete(&delete, frame).map(Some);
        }
        if let Some(merge) = ast::Merge::cast(node.clone()) {
            return self.merge(&merge, frame).map(Some);
        }
        Ok(None)
    }

    /// The table that a command changes, as a row.
    pub(super) fn target(
        &mut self,
        path: &[String],
        alias: Option<SyntaxNode>,
        frame: &Frame,
    ) -> Result<(Option<usize>, Partial), Refusal> {
        let (schema, name) = match path {
            [name] => (None, name),
            [schema, name] => (Some(schema.as_str()), name),
            _ => return Err("a table of another database".into()),
        };
        if name == super::SOME_NAME {
            return Err("a table that the caller names".into());
        }
        let called = alias.map_or_else(|| name.clone(), |alias| identifier(&alias));
        let temporary = schema.is_none_or(|schema| schema == "pg_temp");
        let made = temporary && frame.made.contains_key(name);
        let Some(relation) = self.reader.relation(frame, schema, name).filter(|_| !made) else {
            if !made {
                return Err(format!("{}, a table that is not there", path.join(".")));
            }
            return Ok((None, unknown(&called, Expr::Opaque(path.join(".")))));
        };
        if !matches!(
            relation.kind,
            RelationKind::Table | RelationKind::Partitioned
        ) {
            return Err(format!("a change of {}", relation.qualified()));
        }
        Ok((Some(0), row_of(self.reader, relation, &called, frame)))
    }

    /// The target beside FROM or USING, under WHERE.
    pub(super) fn filtered(
        &mut self,
        target: &Partial,
        from: &[ast::FromListItem],
        filters: Vec<ast::Expr>,
        frame: &Frame,
    ) -> Result<Vec<(Partial, Arm)>, Refusal> {
        let mut found = Vec::new();
        let sight = Level::of(frame).seeing(&target.items);
        for other in self.sources(from, Level::inside(frame, &sight))? {
            let mut items = target.items.clone();
            items.extend(other.items.iter().cloned());
            let whole = Partial {
                items,
                arm: target.arm.beside(&other.arm),
                merged: other.merged.clone(),
            };
            let mut arm = whole.arm.clone();
            for filter in &filters {
                let placed = self.place(
                    &lower::expr(filter),
                    Level::of(frame).seeing(&whole.items),
                    &mut arm,
                );
                flatten(placed, &mut arm.conditions);
            }
            found.push((whole, arm));
        }
        Ok(found)
    }

    pub(super) fn returning(
        &mut self,
        clause: Option<ast::ReturningClause>,
        frame: &Frame,
        partial: &Partial,
        arm: &Arm,
    ) -> Result<Vec<Arm>, Refusal> {
        let Some(targets) = clause.and_then(|clause| clause.target_list()) else {
            return Ok(Vec::new());
        };
        let mut arm = Arm {
            targets: Vec::new(),
            ..arm.clone()
        };
        self.targets(&targets, partial, Level::of(frame), &mut arm)?;
        Ok(vec![arm])
    }

    /// Keeps note of what is copied into a table: the arm's results, beside its row.
    pub(super) fn stored(&mut self, target: Option<usize>, path: &[String], arm: Arm) {
        let rows = mentioned(&arm, target);
        let brings = !rows.is_empty() || !arm.inner.is_empty() || !arm.calls.is_empty();
        if !brings && target.is_some() {
            return;
        }
        let row = target.and_then(|at| arm.rows.get(at));
        self.effect.stored.push(Stored {
            relation: row.map(|row| row.relation),
            name: path.last().cloned().unwrap_or_default(),
            target,
            rows,
            arm,
        });
    }

    pub(super) fn changed(&mut self, operation: Operation, at: Option<usize>, arm: &Arm) {
        if let Some(at) = at {
            self.effect.uses.push(Use {
                operation,
                arm: arm.clone(),
                rows: vec![at],
            });
        }
    }

    /// WHERE CURRENT OF: the row that the cursor is at.
    pub(super) fn at_cursor(
        &mut self,
        operation: Operation,
        cursor: &str,
        target: &Partial,
        frame: &Frame,
    ) {
        let table = target.arm.rows.first().map(|row| row.relation);
        let arms = frame.cursors.get(cursor).cloned().unwrap_or_default();
        for arm in arms.iter() {
            let at = arm.rows.iter().position(|row| Some(row.relation) == table);
            self.changed(operation, at, arm);
        }
        if arms.is_empty() {
            let mut arm = target.arm.clone();
            arm.conditions
                .push(Expr::Opaque(format!("where cursor {cursor} is")));
            self.changed(operation, table.map(|_| 0), &arm);
        }
    }
}

/// The rows that an arm's results come from, other than the one that they go to.
fn mentioned(arm: &Arm, target: Option<usize>) -> Vec<usize> {
    let opaque = arm.targets.iter().any(|(_, value)| has_opaque(value));
    let names = |value: &Expr, row: &Row| {
        let mut found = false;
        value.walk(&mut |part| {
            found |= matches!(part, Expr::Column { table: Some(alias), .. } if *alias == row.alias);
            true
        });
        found
    };
    let from = |row: &Row| opaque || arm.targets.iter().any(|(_, value)| names(value, row));
    let rows = arm.rows.iter().enumerate();
    rows.filter(|(at, row)| Some(*at) != target && from(row))
        .map(|(at, _)| at)
        .collect()
}

pub(super) fn row_of(
    reader: &Reader<'_>,
    relation: &Relation,
    called: &str,
    frame: &Frame,
) -> Partial {
    let alias = reader.alias(called);
    let item = Item::table(
        called,
        Some(relation.schema_name.to_string()),
        &alias,
        relation,
    );
    Partial::of(
        item,
        Arm {
            rows: vec![Row {
                relation: relation.oid,
                alias,
                as_role: frame.role,
                through: Vec::new(),
                switched: frame.context.is_some(),
            }],
            ..Arm::default()
        },
    )
}

pub(super) fn cursor_of(clause: &ast::WhereClauseOrCurrentOf) -> Option<String> {
    match clause {
        ast::WhereClauseOrCurrentOf::WhereCurrentOf(current) => current
            .syntax()
            .children()
            .find_map(ast::CursorRef::cast)
            .map(|cursor| identifier(cursor.syntax())),
        ast::WhereClauseOrCurrentOf::WhereClause(_) => None,
    }
}

pub(super) fn where_of(clause: Option<ast::WhereClauseOrCurrentOf>) -> Vec<ast::Expr> {
    match clause {
        Some(ast::WhereClauseOrCurrentOf::WhereClause(clause)) => {
            condition(Some(clause)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
