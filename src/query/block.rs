//! One SELECT, and SELECTs set against each other.

use std::rc::Rc;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::names::{Item, Sight, with_records};
use super::place::Placer;
use super::read::{Calls, Cte, Frame, MAX_ARMS, MAX_ROWS, Reader};
use super::{Arm, Effect};
use crate::predicate::{Expr, lower};

/// Why a query is not followed.
pub(super) type Refusal = String;

/// FROM so far: rows in sight, and what they bring.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    pub(super) items: Vec<Item>,
    pub(super) arm: Arm,
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
        frame: &Frame,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Arm>, Refusal> {
        match query {
            ast::SelectVariant::Select(select) => {
                let frame = self.with(select.with_clause(), frame)?;
                self.block(&Block::of_select(select), &frame, outer)
            }
            ast::SelectVariant::SelectInto(select) => {
                let frame = self.with(select.with_clause(), frame)?;
                self.block(&Block::of_into(select), &frame, outer)
            }
            ast::SelectVariant::ParenSelect(paren) => {
                let frame = self.with(paren.with_clause(), frame)?;
                let inner = paren.select().ok_or("an empty query")?;
                self.variant(&inner, &frame, outer)
            }
            ast::SelectVariant::CompoundSelect(both) => self.compound(both, frame, outer),
            ast::SelectVariant::Values(values) => {
                let frame = self.with(values.with_clause(), frame)?;
                self.values(values, &frame, outer)
            }
            ast::SelectVariant::Table(_) => Err("TABLE".into()),
        }
    }

    /// UNION: either side. INTERSECT and EXCEPT limit both in a way that is not followed.
    fn compound(
        &mut self,
        both: &ast::CompoundSelect,
        frame: &Frame,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Arm>, Refusal> {
        let frame = self.with(
            both.syntax().children().find_map(ast::WithClause::cast),
            frame,
        )?;
        let limited = both.syntax().children_with_tokens().any(|child| {
            ast::Intersect::can_cast(child.kind())
                || ast::Except::can_cast(child.kind())
                || matches!(
                    child.kind(),
                    SyntaxKind::INTERSECT_KW | SyntaxKind::EXCEPT_KW
                )
        });
        let mut arms = Vec::new();
        for side in both.syntax().children() {
            let side = match ast::SelectVariant::cast(side.clone()) {
                Some(side) => side,
                None => match ast::ParenExpr::cast(side).and_then(|paren| variant_in(&paren)) {
                    Some(side) => side,
                    None => continue,
                },
            };
            for mut arm in self.variant(&side, &frame, outer)? {
                arm.limited |= limited;
                arms.push(arm);
            }
            if arms.len() > MAX_ARMS {
                return Err(too_many());
            }
        }
        Ok(arms)
    }

    fn values(
        &mut self,
        values: &ast::Values,
        frame: &Frame,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Arm>, Refusal> {
        let rows = values.row_list().ok_or("VALUES without rows")?;
        let mut arms = Vec::new();
        for row in rows.rows() {
            let mut arm = Arm::default();
            let exprs: Vec<ast::Expr> = row.exprs().collect();
            let partial = Partial::default();
            for (at, expr) in exprs.iter().enumerate() {
                let value = self.place(&lower::expr(expr), frame, &partial, outer, &mut arm);
                arm.targets.push((format!("column{}", at + 1), value));
                self.nested(expr.syntax(), frame, &partial, outer, &mut arm)?;
            }
            arms.push(arm);
            if arms.len() > MAX_ARMS {
                return Err("VALUES of many rows".into());
            }
        }
        Ok(arms)
    }

    /// The frame with the queries of WITH in sight; those that change something do it here.
    pub(super) fn with(
        &mut self,
        clause: Option<ast::WithClause>,
        frame: &Frame,
    ) -> Result<Frame, Refusal> {
        let mut inside = frame.clone();
        for table in clause.into_iter().flat_map(|clause| clause.with_tables()) {
            let (Some(name), Some(query)) = (table.name(), table.query()) else {
                continue;
            };
            let name = super::from::identifier(name.syntax());
            let columns = table.column_list().map(|list| {
                list.column_names()
                    .map(|column| super::from::identifier(column.syntax()))
                    .collect()
            });
            let shown = self.modifying(&query, &inside)?;
            if let Some(shown) = shown {
                inside.made.insert(name, Rc::new(shown));
                continue;
            }
            let cte = Cte {
                name,
                columns: columns.unwrap_or_default(),
                query,
                before: inside.ctes.clone(),
            };
            inside.ctes.push(Rc::new(cte));
        }
        Ok(inside)
    }

    pub(super) fn block(
        &mut self,
        block: &Block,
        frame: &Frame,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Arm>, Refusal> {
        let partitions = windows(&block.node);
        let mut arms = Vec::new();
        for (partial, mut arm) in self.filtered_rows(block, frame, outer)? {
            // Without a row to limit, what WHERE asks is all that the query answers.
            if partial.arm.rows.is_empty() {
                for filter in &block.filters {
                    self.nested(filter.syntax(), frame, &partial, outer, &mut arm)?;
                }
            }
            if let Some(targets) = &block.targets {
                self.targets(targets, frame, &partial, outer, &mut arm)?;
            }
            if let Some(partitions) = &partitions {
                let counted = self.counted(block, partitions, frame, &partial, outer)?;
                arm.inner.extend(counted);
            }
            arms.push(arm);
        }
        Ok(arms)
    }

    /// FROM under WHERE.
    fn filtered_rows(
        &mut self,
        block: &Block,
        frame: &Frame,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<(Partial, Arm)>, Refusal> {
        let mut found = Vec::new();
        for partial in self.from_list(&block.from, frame, outer)? {
            let mut arm = partial.arm.clone();
            for filter in &block.filters {
                let placed = self.place(&lower::expr(filter), frame, &partial, outer, &mut arm);
                flatten(placed, &mut arm.conditions);
            }
            found.push((partial, arm));
        }
        Ok(found)
    }

    /// The rows that window functions look at beside each row of a result: those of its partition,
    /// whatever is filtered from outside later.
    fn counted(
        &mut self,
        block: &Block,
        partitions: &[Expr],
        frame: &Frame,
        partial: &Partial,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Arm>, Refusal> {
        let mut found = Vec::new();
        for (other, mut arm) in self.filtered_rows(block, frame, outer)? {
            for by in partitions {
                let here = self.place(by, frame, partial, outer, &mut arm);
                let there = self.place(by, frame, &other, outer, &mut arm);
                arm.conditions
                    .push(Expr::Binary("=".into(), Box::new(here), Box::new(there)));
            }
            found.push(arm);
        }
        Ok(found)
    }

    /// Result columns.
    pub(super) fn targets(
        &mut self,
        targets: &ast::TargetList,
        frame: &Frame,
        partial: &Partial,
        outer: Option<&Sight<'_>>,
        arm: &mut Arm,
    ) -> Result<(), Refusal> {
        for (at, target) in targets.targets().enumerate() {
            let Some(expr) = target.expr() else {
                for item in &partial.items {
                    arm.targets.extend(item.all());
                }
                continue;
            };
            if let ast::Expr::FieldExpr(field) = &expr
                && field.star_token().is_some()
            {
                let name = field
                    .base()
                    .map(|base| super::from::identifier(base.syntax()));
                let of = partial
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
            let value = self.place(&lowered, frame, partial, outer, arm);
            let name = target
                .as_name()
                .and_then(|name| name.name())
                .map(|name| name.text())
                .unwrap_or_else(|| default_name(&lowered, at));
            arm.targets.push((name, value));
            self.nested(expr.syntax(), frame, partial, outer, arm)?;
        }
        Ok(())
    }

    /// Ties an expression to what is in sight.
    pub(super) fn place(
        &self,
        expr: &Expr,
        frame: &Frame,
        partial: &Partial,
        outer: Option<&Sight<'_>>,
        arm: &mut Arm,
    ) -> Expr {
        let mut placer = Placer {
            reader: self.reader,
            frame,
            sight: Sight {
                items: &partial.items,
                outer,
                names: &frame.names,
            },
            records: Vec::new(),
        };
        let placed = placer.place(expr);
        let records = placer.records;
        with_records(arm, &records);
        placed
    }

    /// Sub-selects inside a result: what they read is shown too.
    pub(super) fn nested(
        &mut self,
        node: &SyntaxNode,
        frame: &Frame,
        partial: &Partial,
        outer: Option<&Sight<'_>>,
        arm: &mut Arm,
    ) -> Result<(), Refusal> {
        for query in outermost(node) {
            let sight = Sight {
                items: &partial.items,
                outer,
                names: &frame.names,
            };
            let mut inside = frame.clone();
            inside.depth += 1;
            let turns = turns(query.syntax(), node);
            for mut inner in self.variant(&query, &inside, Some(&sight))? {
                for turn in &turns {
                    let placed = self.place(turn, frame, partial, outer, &mut inner);
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

fn too_many() -> Refusal {
    "a query with more ways through it than are followed".into()
}

/// The sub-selects of an expression that are not inside another one.
fn outermost(node: &SyntaxNode) -> Vec<ast::SelectVariant> {
    let mut found = Vec::new();
    let mut stack = vec![node.clone()];
    while let Some(next) = stack.pop() {
        for child in next.children() {
            match ast::SelectVariant::cast(child.clone()) {
                Some(query) => found.push(query),
                None => stack.push(child),
            }
        }
    }
    found
}

/// The conditions of CASE under which a part of an expression is looked at.
fn turns(part: &SyntaxNode, root: &SyntaxNode) -> Vec<Expr> {
    let mut found = Vec::new();
    for above in part.ancestors().skip(1) {
        if let Some(when) = ast::WhenClause::cast(above.clone())
            && when
                .then()
                .is_some_and(|then| then.syntax().text_range().contains_range(part.text_range()))
            && !plain_case(&above)
            && let Some(condition) = when.condition()
        {
            found.push(lower::expr(&condition));
        }
        if above == *root {
            break;
        }
    }
    found
}

/// Whether a WHEN compares with the subject of its CASE.
fn plain_case(when: &SyntaxNode) -> bool {
    when.ancestors()
        .find_map(ast::CaseExpr::cast)
        .is_some_and(|case| case.expr().is_some())
}

/// The query inside parentheses, if it is one.
pub(super) fn variant_in(paren: &ast::ParenExpr) -> Option<ast::SelectVariant> {
    paren.syntax().children().find_map(ast::SelectVariant::cast)
}

/// For a SELECT with window functions, the expressions that all of them partition by; `None` for
/// one without.
fn windows(node: &SyntaxNode) -> Option<Vec<Expr>> {
    let own = |found: &SyntaxNode| {
        found
            .ancestors()
            .skip(1)
            .find(|above| ast::SelectVariant::can_cast(above.kind()))
            .is_none_or(|select| select == *node)
    };
    let overs: Vec<SyntaxNode> = node
        .descendants()
        .filter(|found| found.kind() == SyntaxKind::OVER_CLAUSE && own(found))
        .collect();
    if overs.is_empty() {
        return None;
    }
    let partitions: Vec<Vec<Expr>> = overs
        .iter()
        .map(|over| {
            over.descendants()
                .filter_map(ast::PartitionItem::cast)
                .filter_map(|item| item.expr())
                .map(|expr| lower::expr(&expr))
                .collect()
        })
        .collect();
    let first = partitions.first().cloned().unwrap_or_default();
    let common = |expr: &Expr| partitions.iter().all(|items| items.contains(expr));
    Some(first.into_iter().filter(common).collect())
}

/// The name of a result column without AS.
fn default_name(expr: &Expr, at: usize) -> String {
    match expr {
        Expr::Column { name, .. } => name.clone(),
        Expr::Call(name, _) => name.rsplit('.').next().unwrap_or(name).to_owned(),
        Expr::Cast(inner, _) => default_name(inner, at),
        Expr::Case(..) => "case".into(),
        Expr::Exists(_) => "exists".into(),
        Expr::Scalar(select) => match select.targets.as_slice() {
            [(_, Some(name))] => name.clone(),
            [(value, None)] => default_name(value, at),
            _ => format!("?column{at}?"),
        },
        _ => format!("?column{at}?"),
    }
}

/// Conditions one by one.
pub(super) fn flatten(expr: Expr, into: &mut Vec<Expr>) {
    match expr {
        Expr::And(items) => items.into_iter().for_each(|item| flatten(item, into)),
        other => into.push(other),
    }
}
