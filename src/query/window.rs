//! Window functions: the rows that they look at beside each row of a result.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Arm;
use super::block::{Block, Reading, Refusal};
use super::names::Sight;
use crate::predicate::{Expr, lower};

impl Reading<'_, '_> {
    /// The rows that window functions look at beside each row of a result: those of its partition,
    /// whatever is filtered from outside later.
    pub(super) fn counted(
        &mut self,
        block: &Block,
        partitions: &[Expr],
        sight: Sight<'_>,
    ) -> Result<Vec<Arm>, Refusal> {
        let mut found = Vec::new();
        for (other, mut arm) in self.filtered_rows(block, sight.level)? {
            for by in partitions {
                let here = self.place(by, sight, &mut arm);
                let there = self.place(by, sight.level.seeing(&other.items), &mut arm);
                arm.conditions
                    .push(Expr::Binary("=".into(), Box::new(here), Box::new(there)));
            }
            found.push(arm);
        }
        Ok(found)
    }
}

/// For a SELECT with window functions, the expressions that all of them partition by; `None` for
/// one without.
pub(super) fn windows(node: &SyntaxNode) -> Option<Vec<Expr>> {
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
