//! One SELECT.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::names::{Item, Level, Sight, with_records};
use super::place::Placer;
use super::read::{Calls, MAX_ARMS, MAX_ROWS, Reader};
use super::syntax::{calls_in, default_name, flatten, has_opaque, identifier, outermost, turns};
use super::window::windows;
use super::{Arm, Effect};
use crate::predicate::{Expr, lower};

/// Why a query is not followed.
pub(super) type Refusal = String;

/// FROM so far: rows in sight, and what they bring.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    pub(super) items: Vec<Item>,
    pub(super) arm: Arm,
    /// Columns that USING and NATURAL merged: `*` shows them once, before the others.
    pub(super) merged: Vec<String>,
}

impl Partial {
    pub(super) fn of(item: Item, arm: Arm) -> Self {
        Self {
            items: vec![item],
            arm,
            merged: Vec::new(),
        }
    }

    /// What `*` shows.
    pub(super) fn all(&self) -> Vec<(String, Expr)> {
        let all: Vec<(String, Expr)> = self.items.iter().flat_map(Item::all).collect();
        let merged = self.merged.iter().filter_map(|merged| {
            let mut same = all.iter().filter(|(name, _)| name == merged);
            let first = same.next()?;
            // The side of an outer join that is not there has no say.
            let real = |(_, value): &&(String, Expr)| *value != Expr::Null;
            Some(
                [first]
                    .into_iter()
                    .chain(same)
                    .find(real)
                    .unwrap_or(first)
                    .clone(),
            )
        });
        merged
            .chain(
                all.iter()
                    .filter(|(name, _)| !self.merged.contains(name))
                    .cloned(),
            )
            .collect()
    }
}

/// The parts of a SELECT, wherever they stand: PL/pgSQL's expressions are SELECTs too.
pub(super) struct Block {
    pub(super) targets: Option<ast::TargetList>,
    pub(super) from: Vec<ast::FromListItem>,
    pub(super) filters: Vec<ast::Expr>,
    node: SyntaxNode,
}

impl Block {
    fn of_select(select: &ast::Select) -> Self {
        let having = select.having_clause().and_then(|having| having.expr());
        Self {
            targets: select
                .select_clause()
                .and_then(|clause| clause.target_list()),
            from: items(select.from_clause()),
            filters: condition(select.where_clause())
                .into_iter()
                .chain(having)
                .collect(),
            node: select.syntax().clone(),
        }
    }

    fn of_into(select: &ast::SelectInto) -> Self {
        let having = select.having_clause().and_then(|having| having.expr());
        Self {
            targets: select
                .select_clause()
                .and_then(|clause| clause.target_list()),
            from: items(select.from_clause()),
            filters: condition(select.where_clause())
                .into_iter()
                .chain(having)
                .collect(),
            node: select.syntax().clone(),
        }
    }

    /// An expression of PL/pgSQL.
    pub(super) fn of_expr(expr: &ast::PlpgsqlExpr) -> Self {
        Self {
            targets: expr.target_list(),
            from: items(expr.from_clause()),
            filters: condition(expr.where_clause()).into_iter().collect(),
            node: expr.syntax().clone(),
        }
    }
}

fn items(clause: Option<ast::FromClause>) -> Vec<ast::FromListItem> {
    clause
        .into_iter()
        .flat_map(|clause| clause.items())
        .collect()
}

pub(super) fn condition(clause: Option<ast::WhereClause>) -> Option<ast::Expr> {
    clause.and_then(|clause| clause.expr())
}

/// What reading a query needs at hand.
pub(super) struct Reading<'r, 'a> {
    pub(super) reader: &'r Reader<'a>,
    pub(super) calls: &'r dyn Calls,
    /// What data-modifying WITH does on the way.
    pub(super) effect: &'r mut Effect,
}

impl Reading<'_, '_> {
    /// Every way through a query.
    pub(super) fn variant(
        &mut self,
        query: &ast::SelectVariant,
        level: Level<'_>,
    ) -> Result<Vec<Arm>, Refusal> {
        match query {
            ast::SelectVariant::Select(select) => {
                let frame = self.with(select.with_clause(), level.frame)?;
                self.block(&Block::of_select(select), level.within(&frame))
            }
            ast::SelectVariant::SelectInto(select) => {
                let frame = self.with(select.with_clause(), level.frame)?;
                self.block(&Block::of_into(select), level.within(&frame))
            }
            ast::SelectVariant::ParenSelect(paren) => {
                let frame = self.with(paren.with_clause(), level.frame)?;
                let inner = paren.select().ok_or("an empty query")?;
                self.variant(&inner, level.within(&frame))
            }
            ast::SelectVariant::CompoundSelect(both) => self.compound(both, level),
            ast::SelectVariant::Values(values) => {
                let frame = self.with(values.with_clause(), level.frame)?;
                self.values(values, level.within(&frame))
            }
            ast::SelectVariant::Table(table) => {
                let frame = self.with(table.with_clause(), level.frame)?;
                self.table(table, level.within(&frame))
            }
        }
    }

    pub(super) fn block(&mut self, block: &Block, level: Level<'_>) -> Result<Vec<Arm>, Refusal> {
        let partitions = windows(&block.node);
        let mut arms = Vec::new();
        for (partial, mut arm) in self.filtered_rows(block, level)? {
            // Without a row to limit, what WHERE asks is all that the query answers.
            if partial.arm.rows.is_empty() {
                for filter in &block.filters {
                    self.nested(filter.syntax(), level.seeing(&partial.items), &mut arm)?;
                }
            }
            if let Some(targets) = &block.targets {
                self.targets(targets, &partial, level, &mut arm)?;
                let sight = level.seeing(&partial.items);
                if let Some(filter) = super::aggregate::only(targets) {
                    let placed = self.place(&filter, sight, &mut arm);
                    flatten(placed, &mut arm.conditions);
                }
            }
            if let Some(partitions) = &partitions {
                let counted = self.counted(block, partitions, level.seeing(&partial.items))?;
                arm.inner.extend(counted);
            }
            arms.push(arm);
        }
        Ok(arms)
    }

    /// FROM under WHERE.
    pub(super) fn filtered_rows(
        &mut self,
        block: &Block,
        level: Level<'_>,
    ) -> Result<Vec<(Partial, Arm)>, Refusal> {
        let mut found = Vec::new();
        for partial in self.sources(&block.from, level)? {
            let mut arm = partial.arm.clone();
            for filter in &block.filters {
                let placed =
                    self.place(&lower::expr(filter), level.seeing(&partial.items), &mut arm);
                flatten(placed, &mut arm.conditions);
            }
            found.push((partial, arm));
        }
        Ok(found)
    }

    /// Result columns.
    pub(super) fn targets(
        &mut self,
        targets: &ast::TargetList,
        partial: &Partial,
        level: Level<'_>,
        arm: &mut Arm,
    ) -> Result<(), Refusal> {
        let sight = level.seeing(&partial.items);
        for (at, target) in targets.targets().enumerate() {
            let Some(expr) = target.expr() else {
                arm.targets.extend(partial.all());
                continue;
            };
            if let ast::Expr::FieldExpr(field) = &expr
                && field.star_token().is_some()
            {
                let name = field.base().map(|base| identifier(base.syntax()));
                let of = sight
                    .items
                    .iter()
                    .find(|item| Some(&item.name) == name.as_ref());
                match of {
                    Some(item) => arm.targets.extend(item.all()),
                    None => arm
                        .targets
                        .push(("*".into(), Expr::Opaque(expr.syntax().text().to_string()))),
                }
                continue;
            }
            let lowered = lower::expr(&expr);
            let value = self.place(&lowered, sight, arm);
            let name = target
                .as_name()
                .and_then(|name| name.name())
                .map(|name| name.text())
                .unwrap_or_else(|| default_name(&lowered, at));
            arm.targets.push((name, value));
            self.hidden_calls(&expr, sight, arm);
            self.nested(expr.syntax(), sight, arm)?;
        }
        Ok(())
    }

    /// Ties an expression to what is in sight.
    pub(super) fn place(&self, expr: &Expr, sight: Sight<'_>, arm: &mut Arm) -> Expr {
        let mut placer = Placer {
            reader: self.reader,
            sight,
            records: Vec::new(),
        };
        let placed = placer.place(expr);
        let records = placer.records;
        with_records(arm, &records);
        placed
    }

    /// Calls inside something that is not understood: what they do, they do all the same.
    pub(super) fn hidden_calls(&self, expr: &ast::Expr, sight: Sight<'_>, arm: &mut Arm) {
        if !has_opaque(&lower::expr(expr)) {
            return;
        }
        for call in calls_in(expr.syntax()) {
            let lowered = lower::expr(&ast::Expr::CallExpr(call));
            if let placed @ Expr::Call(..) = self.place(&lowered, sight, arm) {
                arm.calls.push(placed);
            }
        }
    }

    /// Sub-selects inside a result: what they read is shown too.
    pub(super) fn nested(
        &mut self,
        node: &SyntaxNode,
        sight: Sight<'_>,
        arm: &mut Arm,
    ) -> Result<(), Refusal> {
        for query in outermost(node) {
            let mut inside = sight.level.frame.clone();
            inside.depth += 1;
            let turns = turns(query.syntax(), node);
            for mut inner in self.variant(&query, Level::inside(&inside, &sight))? {
                for turn in &turns {
                    let placed = self.place(turn, sight, &mut inner);
                    flatten(placed, &mut inner.conditions);
                }
                if !inner.rows.is_empty() || !inner.inner.is_empty() {
                    arm.inner.push(inner);
                }
                if arm.inner.len() > MAX_ARMS {
                    return Err(too_many());
                }
            }
        }
        Ok(())
    }

    pub(super) fn bounded(&self, partials: &[Partial]) -> Result<(), Refusal> {
        if partials.len() > MAX_ARMS
            || partials
                .iter()
                .any(|partial| partial.arm.rows.len() > MAX_ROWS)
        {
            return Err(too_many());
        }
        Ok(())
    }
}

pub(super) fn too_many() -> Refusal {
    "a query with more ways through it than are followed".into()
}
