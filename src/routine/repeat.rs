//! Loops: what one turn leaves is there in the next.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::state::State;
use super::step::Walk;
use super::variables::word;
use crate::predicate::Expr;
use crate::query::{Arm, Binding};

/// Paths through one turn of a loop that a second turn starts from.
const MAX_TURNS: usize = 8;

impl Walk<'_, '_> {
    /// A loop of any kind.
    pub(super) fn looping(&mut self, statement: &ast::PlpgsqlStmt, mut state: State) -> Vec<State> {
        use ast::PlpgsqlStmt as S;
        match statement {
            S::PlpgsqlLoopStmt(inner) => self.repeat(inner.body(), state),
            S::PlpgsqlWhileStmt(inner) => self.repeat(inner.body(), state),
            S::PlpgsqlForIStmt(inner) => {
                self.loose(inner.vars(), &mut state);
                self.repeat(inner.body(), state)
            }
            S::PlpgsqlForEachStmt(inner) => {
                self.each(inner, &mut state);
                self.repeat(inner.body(), state)
            }
            S::PlpgsqlForQueryStmt(inner) => {
                let arms = inner
                    .query()
                    .map(|query| self.run(query.syntax(), &mut state))
                    .unwrap_or_default();
                self.rows(inner.vars(), arms, inner.body(), state)
            }
            S::PlpgsqlForCursorStmt(inner) => {
                let name = inner.cursor().map(|name| word(name.syntax()));
                let arms = match name
                    .as_ref()
                    .and_then(|name| self.cursors.get(name).cloned())
                {
                    Some(query) => self.run(&query, &mut state),
                    None => Vec::new(),
                };
                if let Some(name) = name {
                    state.frame.cursors.insert(name, Rc::new(arms.clone()));
                }
                self.rows(inner.vars(), arms, inner.body(), state)
            }
            S::PlpgsqlForDynStmt(inner) => {
                let arms = self.dynamic(inner.query(), inner.using_clause(), &mut state);
                self.rows(inner.vars(), arms, inner.body(), state)
            }
            _ => vec![state],
        }
    }

    /// A loop: not at all, once, or once more with what the first time left.
    fn repeat(&mut self, body: Option<ast::PlpgsqlBody>, state: State) -> Vec<State> {
        let mut after = vec![state.clone()];
        if let Some(body) = body {
            after.extend(self.turns(&body, &state, &mut |_, _| {}));
        }
        after
    }

    /// Two turns of a loop; `enter` sets its variables at the start of each.
    fn turns(
        &mut self,
        body: &ast::PlpgsqlBody,
        state: &State,
        enter: &mut dyn FnMut(&mut Self, &mut State),
    ) -> Vec<State> {
        let mut inside = state.clone();
        self.forget(body.syntax(), &mut inside);
        enter(self, &mut inside);
        let mut first = self.body(body, vec![inside]);
        if first.len() > MAX_TURNS {
            self.account
                .doubt("more paths through a loop than are followed");
            first.truncate(MAX_TURNS);
        }
        let again: Vec<State> = first
            .iter()
            .filter(|state| !state.leaving)
            .cloned()
            .map(|mut state| {
                enter(self, &mut state);
                state
            })
            .collect();
        let mut after = first;
        after.extend(self.body(body, again));
        for state in &mut after {
            state.leaving = false;
        }
        after
    }

    /// FOR over the rows of a query.
    fn rows(
        &mut self,
        vars: ast::AstChildren<ast::PlpgsqlForVariable>,
        arms: Vec<Arm>,
        body: Option<ast::PlpgsqlBody>,
        state: State,
    ) -> Vec<State> {
        let names: Vec<String> = vars.map(|var| word(var.syntax())).collect();
        let mut after = vec![state.clone()];
        let Some(body) = body else {
            return after;
        };
        for arm in &arms {
            let one = std::slice::from_ref(arm);
            let turns = self.turns(&body, &state, &mut |walk, state| {
                walk.bind(&names, one, state);
            });
            after.extend(turns);
        }
        after
    }

    fn each(&mut self, each: &ast::PlpgsqlForEachStmt, state: &mut State) {
        let chosen = each.array().map(|array| self.value(&array, state));
        let value = match chosen.as_deref() {
            Some([arm]) if arm.rows.is_empty() => match arm.targets.as_slice() {
                [(_, Expr::Argument(name))] => Binding::Value(Expr::Argument(name.clone())),
                _ => Binding::Unknown,
            },
            Some([arm]) => Binding::Record(Rc::new(arm.clone())),
            _ => Binding::Unknown,
        };
        for var in each.vars() {
            state.frame.names.bind(&word(var.syntax()), value.clone());
        }
    }

    fn loose(&mut self, vars: ast::AstChildren<ast::PlpgsqlForVariable>, state: &mut State) {
        for var in vars {
            state
                .frame
                .names
                .bind(&word(var.syntax()), Binding::Unknown);
        }
    }

    pub(super) fn leave(&mut self, statement: &SyntaxNode, state: State) -> Vec<State> {
        let conditional = statement
            .children()
            .any(|child| ast::PlpgsqlExitWhen::can_cast(child.kind()));
        let mut gone = state.clone();
        gone.leaving = true;
        if conditional {
            vec![gone, state]
        } else {
            vec![gone]
        }
    }
}
