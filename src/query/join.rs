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
                let merged = merged(&tail, &l, r);
                let new = merged.iter().filter(|name| !l.merged.contains(name));
                matched.merged.extend(new.cloned());
                let sight = level.seeing(&matched.items);
                let mut arm = matched.arm.clone();
                self.on(&tail, (&l, r), (&merged, sight), &mut arm);
                matched.arm = arm;
                found.push(matched);
                if keep_right {
                    let mut alone = join(&absent(&l), r);
                    alone.merged = merged;
                    found.push(alone);
                }
            }
            if keep_left && let Some(r) = rights.first() {
                let mut alone = join(&l, &absent(r));
                alone.merged = merged(&tail, &l, r);
                found.push(alone);
            }
            self.bounded(&found)?;
        }
        Ok(found)
    }

    /// What a join asks of both sides.
    fn on(
        &self,
        tail: &ast::Join,
        (left, right): (&Partial, &Partial),
        (merged, sight): (&[String], Sight<'_>),
        arm: &mut Arm,
    ) {
        if let Some(ast::JoinCondition::OnClause(on)) = tail.join_condition()
            && let Some(expr) = on.expr()
        {
            let placed = self.place(&lower::expr(&expr), sight, arm);
            flatten(placed, &mut arm.conditions);
        }
        let value =
            |partial: &Partial, name: &str| partial.items.iter().find_map(|item| item.column(name));
        for name in merged {
            if let (Some(left), Some(right)) = (value(left, name), value(right, name)) {
                arm.conditions
                    .push(Expr::Binary("=".into(), Box::new(left), Box::new(right)));
            }
        }
    }
}

/// The columns that USING names, or that NATURAL finds on both sides.
fn merged(tail: &ast::Join, left: &Partial, right: &Partial) -> Vec<String> {
    match tail.join_condition() {
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
        _ => Vec::new(),
    }
}

pub(super) fn join(left: &Partial, right: &Partial) -> Partial {
    let mut items = left.items.clone();
    items.extend(right.items.iter().cloned());
    Partial {
        items,
        arm: left.arm.beside(&right.arm),
        merged: left.merged.iter().chain(&right.merged).cloned().collect(),
    }
}

/// The side of an outer join that found nothing.
fn absent(partial: &Partial) -> Partial {
    Partial {
        items: partial.items.iter().map(Item::absent).collect(),
        arm: Arm::default(),
        merged: partial.merged.clone(),
    }
}
