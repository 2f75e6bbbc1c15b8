//! Queries that are more or less than one SELECT: UNION and its like, VALUES, TABLE.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::Arm;
use super::block::{Reading, Refusal, too_many};
use super::names::Level;
use super::read::MAX_ARMS;
use super::syntax::{path_of, variant_in};
use crate::predicate::lower;

impl Reading<'_, '_> {
    /// UNION: either side. INTERSECT limits both in a way that is not followed, and so does EXCEPT,
    /// whose right side shows nothing.
    pub(super) fn compound(
        &mut self,
        both: &ast::CompoundSelect,
        level: Level<'_>,
    ) -> Result<Vec<Arm>, Refusal> {
        let frame = self.with(
            both.syntax().children().find_map(ast::WithClause::cast),
            level.frame,
        )?;
        let has = |kinds: &[SyntaxKind]| {
            let mut children = both.syntax().children_with_tokens();
            children.any(|child| kinds.contains(&child.kind()))
        };
        let except = has(&[SyntaxKind::EXCEPT, SyntaxKind::EXCEPT_KW]);
        let limited = except || has(&[SyntaxKind::INTERSECT, SyntaxKind::INTERSECT_KW]);
        let mut arms: Vec<Arm> = Vec::new();
        let mut sides = 0;
        for side in both.syntax().children() {
            let side = match ast::SelectVariant::cast(side.clone()) {
                Some(side) => side,
                None => match ast::ParenExpr::cast(side).and_then(|paren| variant_in(&paren)) {
                    Some(side) => side,
                    None => continue,
                },
            };
            let found = self.variant(&side, level.within(&frame))?;
            sides += 1;
            if except && sides > 1 {
                continue;
            }
            // The first side names the columns.
            let names: Option<Vec<String>> = arms
                .first()
                .map(|first| first.targets.iter().map(|(name, _)| name.clone()).collect());
            for mut arm in found {
                arm.limited |= limited;
                arm.rename(names.iter().flatten());
                arms.push(arm);
            }
            if arms.len() > MAX_ARMS {
                return Err(too_many());
            }
        }
        Ok(arms)
    }

    pub(super) fn values(
        &mut self,
        values: &ast::Values,
        level: Level<'_>,
    ) -> Result<Vec<Arm>, Refusal> {
        let rows = values.row_list().ok_or("VALUES without rows")?;
        let mut arms = Vec::new();
        for row in rows.rows() {
            let mut arm = Arm::default();
            let exprs: Vec<ast::Expr> = row.exprs().collect();
            for (at, expr) in exprs.iter().enumerate() {
                let value = self.place(&lower::expr(expr), level.seeing(&[]), &mut arm);
                arm.targets.push((format!("column{}", at + 1), value));
                self.hidden_calls(expr, level.seeing(&[]), &mut arm);
                self.nested(expr.syntax(), level.seeing(&[]), &mut arm)?;
            }
            arms.push(arm);
            if arms.len() > MAX_ARMS {
                return Err("VALUES of many rows".into());
            }
        }
        Ok(arms)
    }

    /// TABLE t: all of it.
    pub(super) fn table(
        &mut self,
        table: &ast::Table,
        level: Level<'_>,
    ) -> Result<Vec<Arm>, Refusal> {
        let path = table
            .relation_name()
            .and_then(|name| name.relation_name_ref())
            .and_then(|name| name.path_ref());
        let found = self.named(&path_of(path), None, level.frame)?;
        let arms = found.into_iter().map(|partial| Arm {
            targets: partial.all(),
            ..partial.arm
        });
        Ok(arms.collect())
    }
}
