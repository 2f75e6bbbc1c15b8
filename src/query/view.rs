//! Views, opened.

use squawk_syntax::ast::{self, AstNode};

use super::Arm;
use super::block::{Reading, Refusal};
use super::names::Level;
use super::read::{Frame, MAX_DEPTH};
use crate::catalog::{Relation, RelationKind, unprinted};
use crate::predicate::Expr;

impl Reading<'_, '_> {
    /// A view reads as its owner, or as the current user where it is an invoker's.
    pub(super) fn view(&mut self, view: &Relation, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
        if frame.depth > MAX_DEPTH || frame.through.contains(&view.oid) {
            return Err(format!("views nested too deeply at {}", view.qualified()));
        }
        let definition = self
            .reader
            .definition(view)
            .and_then(|stmt| ast::SelectVariant::cast(stmt.syntax().clone()))
            .ok_or_else(|| match unprinted(view.definition.as_deref()) {
                Some(why) => format!("the query of {}: {why}", view.qualified()),
                None => format!("the query of {} does not parse", view.qualified()),
            })?;
        let role = if view.security_invoker {
            frame.caller
        } else {
            view.owner
        };
        let mut inside = Frame::new(role, Vec::new());
        inside.caller = frame.caller;
        inside.context = frame.context.clone();
        inside.depth = frame.depth + 1;
        inside.through = frame.through.clone();
        inside.through.push(view.oid);
        let mut arms = self.variant(&definition, Level::of(&inside))?;
        if view.kind == RelationKind::MaterializedView {
            // Its rows were stored under whatever context there was.
            arms.iter_mut().for_each(forget_session);
        }
        // The view's own names, whatever the query calls its results.
        for arm in &mut arms {
            if arm.targets.len() == view.columns.len() {
                arm.rename(view.columns.iter().map(|column| &column.name));
            }
        }
        Ok(arms)
    }
}

fn forget_session(arm: &mut Arm) {
    arm.conditions.retain(|condition| !asks_session(condition));
    arm.inner.iter_mut().for_each(forget_session);
}

/// Whether an expression asks the session for something.
fn asks_session(expr: &Expr) -> bool {
    let mut asks = false;
    expr.walk(&mut |part| {
        asks |= matches!(part, Expr::Call(..) | Expr::Opaque(_));
        true
    });
    asks
}
