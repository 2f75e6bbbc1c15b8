//! JOIN: both sides, and for an outer join each without the other.

use squawk_syntax::ast::{self, AstNode};

use super::Arm;
use super::block::{Partial, Reading, Refusal};
use super::names::{Item, Level, Sight};
use super::place::is_any;
use super::syntax::{flatten, identifier};
use crate::predicate::{Expr, lower};

impl Reading<'_, '_> {
    pub(super) fn join_expr(
        &mut self,
        both: &ast::JoinExpr,
        level: Level<'_>,
        before: &Partial,
    ) -> Result<Vec<Partial>, Refusal> {
        let (Some(left), Some(tail)) = (both.from_list_item(), both.join()) else {
            return Err("a join".into());
        };
        let right = tail.from_list_item().ok_or("a join")?;
        let (keep_left, keep_right) = match tail.join_type() {
            Some(ast::JoinType::JoinLeft(_)) => (true, false),
            Some(ast::JoinType::JoinRight(_)) => (false, true),
            Some(ast::JoinType::JoinFull(_)) => (true, true),
            _ => (false, false),
        };
        let mut found = Vec::new();
        for l in self.source(&left, level, before)? {
            let seen = join(before, &l);
            let rights = self.source(&right, level, &seen)?;
            for r in &rights {
                let mut matched = join(&l, r);
                let conditions = self.on(&tail, (&l, r), level.seeing(&matched.items));
                for condition in conditions {
                    flatten(condition, &mut matched.arm.conditions);
                }
                found.push(matched);
                if keep_right {
                    found.push(join(&absent(&l), r));
                }
            }
            if keep_left && let Some(r) = rights.first() {
                found.push(join(&l, &absent(r)));
            }
            self.bounded(&found)?;
        }
        Ok(found)
    }

    fn on(
        &self,
        tail: &ast::Join,
        (left, right): (&Partial, &Partial),
        sight: Sight<'_>,
    ) -> Vec<Expr> {
        let shared: Vec<String> = match tail.join_condition() {
            Some(ast::JoinCondition::OnClause(on)) => {
                let Some(expr) = on.expr() else {
                    return Vec::new();
                };
                let mut arm = Arm::default();
                let placed = self.place(&lower::expr(&expr), sight, &mut arm);
                let mut conditions = arm.conditions;
                conditions.push(placed);
                return conditions;
            }
            Some(ast::JoinCondition::JoinUsingClause(using)) => using
                .column_ref_list()
                .into_iter()
                .flat_map(|list| list.syntax().children().collect::<Vec<_>>())
                .map(|column| identifier(&column))
                .collect(),
            None if tail.natural_token().is_some() => {
                let of = |partial: &Partial| -> Vec<String> {
                    let items = partial.items.iter().filter(|item| !is_any(item));
                    items.flat_map(Item::all).map(|(name, _)| name).collect()
                };
                let theirs = of(right);
                of(left)
                    .into_iter()
                    .filter(|name| theirs.contains(name))
                    .collect()
            }
            None => Vec::new(),
        };
        let value =
            |partial: &Partial, name: &str| partial.items.iter().find_map(|item| item.column(name));
        shared
            .iter()
            .filter_map(|name| {
                Some(Expr::Binary(
                    "=".into(),
                    Box::new(value(left, name)?),
                    Box::new(value(right, name)?),
                ))
            })
            .collect()
    }
}

pub(super) fn join(left: &Partial, right: &Partial) -> Partial {
    let mut items = left.items.clone();
    items.extend(right.items.iter().cloned());
    Partial {
        items,
        arm: left.arm.beside(&right.arm),
    }
}

/// The side of an outer join that found nothing.
fn absent(partial: &Partial) -> Partial {
    Partial {
        items: partial.items.iter().map(Item::absent).collect(),
        arm: Arm::default(),
    }
}
