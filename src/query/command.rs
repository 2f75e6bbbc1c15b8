//! Statements: what they return, and what they change.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::block::{Partial, Reading, Refusal, condition, flatten};
use super::from::{identifier, path_of};
use super::names::{Item, Sight};
use super::read::{Calls, Frame, Reader};
use super::{Arm, Effect, Row, Use};
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
        let block = super::block::Block::of_expr(expr);
        match reading.block(&block, frame, None) {
            Ok(shown) => effect.shown.extend(shown),
            Err(why) => effect.unknown.push(why),
        }
        effect
    }
}

impl Reader<'_> {
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
            return self.variant(&query, frame, None);
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
    fn target(
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
        let made = schema.is_none() && frame.made.contains_key(name);
        let Some(relation) = self.reader.relation(frame, schema, name).filter(|_| !made) else {
            return Ok((
                None,
                super::from::unknown(&called, Expr::Opaque(path.join("."))),
            ));
        };
        if !matches!(
            relation.kind,
            RelationKind::Table | RelationKind::Partitioned
        ) {
            return Err(format!("a change of {}", relation.qualified()));
        }
        Ok((Some(0), row_of(self.reader, relation, &called, frame)))
    }

    fn insert(&mut self, insert: &ast::Insert, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
        let frame = &self.with(insert.with_clause(), frame)?;
        let path = path_of(insert.relation_name_ref().and_then(|name| name.path_ref()));
        let alias = insert
            .alias()
            .and_then(|alias| alias.name())
            .map(|name| name.syntax().clone());
        let (at, partial) = self.target(&path, alias, frame)?;
        let source = match insert.insert_source() {
            Some(ast::InsertSource::SelectVariant(query)) => self.variant(&query, frame, None)?,
            _ => vec![Arm::default()],
        };
        let named: Vec<String> = insert
            .column_target_list()
            .into_iter()
            .flat_map(|list| list.column_targets())
            .map(|column| identifier(column.syntax()))
            .collect();
        let mut returned = Vec::new();
        let mut given = Vec::new();
        for from in source {
            if !from.rows.is_empty() || !from.inner.is_empty() {
                self.effect.uses.push(Use::read(from.clone()));
            }
            let mut arm = partial.arm.beside(&from);
            let all: Vec<(String, Expr)> = partial.items.iter().flat_map(Item::all).collect();
            let mut new = Arm {
                targets: Vec::new(),
                ..from.clone()
            };
            for (place, (_, value)) in from.targets.iter().enumerate() {
                let column = match named.get(place) {
                    Some(name) => all.iter().find(|(known, _)| known == name),
                    None if named.is_empty() => all.get(place),
                    None => None,
                };
                if let Some((name, column)) = column {
                    new.targets.push((name.clone(), value.clone()));
                    arm.conditions.push(Expr::Binary(
                        "=".into(),
                        Box::new(column.clone()),
                        Box::new(value.clone()),
                    ));
                }
            }
            given.push(new);
            self.changed(Operation::Insert, at, &arm);
            returned.extend(self.returning(insert.returning_clause(), frame, &partial, &arm)?);
        }
        if let Some(conflict) = insert.on_conflict_clause()
            && let Some(at) = at
            && matches!(
                conflict.conflict_action(),
                Some(ast::ConflictAction::ConflictDoUpdateSet(_))
            )
        {
            self.conflict(at, &partial, &conflict, &given);
        }
        Ok(returned)
    }

    /// ON CONFLICT DO UPDATE changes the row that has the new one's values in the unique columns.
    fn conflict(
        &mut self,
        at: usize,
        partial: &Partial,
        clause: &ast::OnConflictClause,
        given: &[Arm],
    ) {
        let columns: Vec<String> = clause
            .conflict_target()
            .into_iter()
            .flat_map(|target| target.syntax().descendants().collect::<Vec<_>>())
            .filter_map(ast::NameRef::cast)
            .map(|column| identifier(column.syntax()))
            .collect();
        for new in given {
            let mut arm = partial.arm.beside(new);
            for name in &columns {
                let met = partial.items.iter().find_map(|item| item.column(name));
                let value = new.targets.iter().find(|(known, _)| known == name);
                if let (Some(met), Some((_, value))) = (met, value) {
                    arm.conditions.push(Expr::Binary(
                        "=".into(),
                        Box::new(met),
                        Box::new(value.clone()),
                    ));
                }
            }
            if columns.is_empty() {
                arm.conditions
                    .push(Expr::Opaque("which row ON CONFLICT meets".into()));
            }
            self.changed(Operation::Update, Some(at), &arm);
        }
    }

    fn update(&mut self, update: &ast::Update, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
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
            if let Some(at) = at {
                self.new_row(update, frame, &whole, &arm, at)?;
            }
            returned.extend(self.returning(update.returning_clause(), frame, &whole, &arm)?);
        }
        Ok(returned)
    }

    /// What UPDATE makes of a row: the columns that it sets, on a row that was the caller's own.
    fn new_row(
        &mut self,
        update: &ast::Update,
        frame: &Frame,
        whole: &Partial,
        arm: &Arm,
        at: usize,
    ) -> Result<(), Refusal> {
        let Some(old) = arm.rows.get(at) else {
            return Ok(());
        };
        let Some(relation) = self.reader.snapshot.relations.get(&old.relation) else {
            return Ok(());
        };
        let new = row_of(self.reader, relation, "new row", frame);
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
            let value = self.place(&lower::expr(&value), frame, whole, None, &mut here);
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
        Ok(())
    }

    fn delete(&mut self, delete: &ast::Delete, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
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

    /// WHERE CURRENT OF: the row that the cursor is at.
    fn at_cursor(&mut self, operation: Operation, cursor: &str, target: &Partial, frame: &Frame) {
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

    /// MERGE: whatever it matches, it may change; what it does not match, it may add.
    fn merge(&mut self, merge: &ast::Merge, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
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
            for source in self.from_list(&from, frame, None)? {
                self.merged(&add, at, &partial, &source, frame);
            }
        }
        Ok(Vec::new())
    }

    /// A row that MERGE adds for a row of its source.
    fn merged(
        &mut self,
        add: &ast::MergeInsert,
        at: Option<usize>,
        target: &Partial,
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
            let value = self.place(&lower::expr(value), frame, source, None, &mut arm);
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

    /// The target beside FROM or USING, under WHERE.
    fn filtered(
        &mut self,
        target: &Partial,
        from: &[ast::FromListItem],
        filters: Vec<ast::Expr>,
        frame: &Frame,
    ) -> Result<Vec<(Partial, Arm)>, Refusal> {
        let mut found = Vec::new();
        let sight = Sight {
            items: &target.items,
            outer: None,
            names: &frame.names,
        };
        for other in self.from_list(from, frame, Some(&sight))? {
            let mut items = target.items.clone();
            items.extend(other.items.iter().cloned());
            let whole = Partial {
                items,
                arm: target.arm.beside(&other.arm),
            };
            let mut arm = whole.arm.clone();
            for filter in &filters {
                let placed = self.place(&lower::expr(filter), frame, &whole, None, &mut arm);
                flatten(placed, &mut arm.conditions);
            }
            found.push((whole, arm));
        }
        Ok(found)
    }

    fn returning(
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
        self.targets(&targets, frame, partial, None, &mut arm)?;
        Ok(vec![arm])
    }

    fn changed(&mut self, operation: Operation, at: Option<usize>, arm: &Arm) {
        if let Some(at) = at {
            self.effect.uses.push(Use {
                operation,
                arm: arm.clone(),
                rows: vec![at],
            });
        }
    }
}

fn row_of(reader: &Reader<'_>, relation: &Relation, called: &str, frame: &Frame) -> Partial {
    let alias = reader.alias(called);
    let item = Item::table(
        called,
        Some(relation.schema_name.to_string()),
        &alias,
        relation,
    );
    Partial {
        items: vec![item],
        arm: Arm {
            rows: vec![Row {
                relation: relation.oid,
                alias,
                as_role: frame.role,
                through: Vec::new(),
                switched: frame.context.is_some(),
            }],
            ..Arm::default()
        },
    }
}

fn cursor_of(clause: &ast::WhereClauseOrCurrentOf) -> Option<String> {
    match clause {
        ast::WhereClauseOrCurrentOf::WhereCurrentOf(current) => current
            .syntax()
            .children()
            .find_map(ast::CursorRef::cast)
            .map(|cursor| identifier(cursor.syntax())),
        ast::WhereClauseOrCurrentOf::WhereClause(_) => None,
    }
}

fn where_of(clause: Option<ast::WhereClauseOrCurrentOf>) -> Vec<ast::Expr> {
    match clause {
        Some(ast::WhereClauseOrCurrentOf::WhereClause(clause)) => {
            condition(Some(clause)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
