//! Aggregates with FILTER: rows that no aggregate counts are not shown.

use squawk_syntax::ast;

use crate::predicate::{Expr, lower};

/// What holds for every row that a result depends on, where FILTER limits all that is shown.
pub(super) fn only(targets: &ast::TargetList) -> Option<Expr> {
    let mut filters = Vec::new();
    for target in targets.targets() {
        if !covered(&target.expr()?, &mut filters) {
            return None;
        }
    }
    (!filters.is_empty()).then_some(Expr::Or(filters))
}

/// Whether an expression shows rows through FILTER alone; collects what the filters ask.
fn covered(expr: &ast::Expr, filters: &mut Vec<Expr>) -> bool {
    match expr {
        ast::Expr::Literal(_) => true,
        ast::Expr::CastExpr(cast) => match cast.expr() {
            Some(inner) => covered(&inner, filters),
            None => cast.literal().is_some(),
        },
        ast::Expr::ParenExpr(paren) => paren.expr().is_some_and(|inner| covered(&inner, filters)),
        ast::Expr::BinExpr(both) => match (both.lhs(), both.rhs()) {
            (Some(left), Some(right)) => covered(&left, filters) && covered(&right, filters),
            _ => false,
        },
        ast::Expr::CallExpr(call) => {
            if let Some(filter) = call.filter_clause() {
                let over = call.over_clause().is_some();
                let Some(asked) = filter.expr().filter(|_| !over) else {
                    return false;
                };
                filters.push(lower::expr(&asked));
                return true;
            }
            let Some(list) = call.arg_list().filter(|list| list.star_token().is_none()) else {
                return false;
            };
            list.args().all(|argument| {
                let inner = argument.expr();
                inner.is_some_and(|inner| covered(&inner, filters))
            })
        }
        _ => false,
    }
}
