//! Loops: what one turn leaves is there in the next.

use std::rc::Rc;

use squawk_syntax::ast::{self, AstNode};

use super::state::{Leaving, State};
use super::step::Walk;
use super::variables::{binding, word};
use crate::predicate::Expr;
use crate::query::{Arm, Binding};

/// Paths through one turn of a loop that a second turn starts from.
const MAX_TURNS: usize = 8;

impl Walk<'_, '_> {
    /// A loop of any kind.
    pub(super) fn looping(&mut self, statement: &ast::PlpgsqlStmt, mut state: State) -> Vec<State> {
        use ast::PlpgsqlStmt as S;
        let label = statement
            .syntax()
            .children()
            .find_map(ast::PlpgsqlLabel::cast)
            .and_then(|label| label.name())
            .map(|name| word(name.syntax()));
        match statement {
            S::PlpgsqlLoopStmt(inner) => self.repeat(inner.body(), label, state),
            S::PlpgsqlWhileStmt(inner) => {
                if let Some(condition) = inner.cond() {
                    self.value(&condition, &mut state);
                }
                self.repeat(inner.body(), label, state)
            }
            S::PlpgsqlForIStmt(inner) => {
                let range = inner.range();
                let bounds = range.iter().flat_map(|range| range.syntax().children());
                for bound in bounds.filter_map(ast::PlpgsqlExpr::cast) {
                    self.value(&bound, &mut state);
                }
                self.loose(inner.vars(), &mut state);
                self.repeat(inner.body(), label, state)
            }
            S::PlpgsqlForEachStmt(inner) => {
                self.each(inner, &mut state);
                self.repeat(inner.body(), label, state)
            }
            S::PlpgsqlForQueryStmt(inner) => {
                let arms = inner
                    .query()
                    .map(|query| self.run(query.syntax(), &mut state))
                    .unwrap_or_default();
                self.rows(inner.vars(), arms, (inner.body(), label), state)
            }
            S::PlpgsqlForCursorStmt(inner) => {
                let name = inner.cursor().map(|name| word(name.syntax()));
                let name = name.unwrap_or_default();
                self.pass(&name, inner.args(), &mut state);
                let arms = self.fetched(&name, &mut state);
                state.frame.cursors.insert(name, Rc::new(arms.clone()));
                self.rows(inner.vars(), arms, (inner.body(), label), state)
            }
            S::PlpgsqlForDynStmt(inner) => {
                let arms = self.dynamic(inner.query(), inner.using_clause(), &mut state);
                self.rows(inner.vars(), arms, (inner.body(), label), state)
            }
            _ => vec![state],
        }
    }

    /// A loop: not at all, once, or once more with what the first time left.
    fn repeat(
        &mut self,
        body: Option<ast::PlpgsqlBody>,
        label: Option<String>,
        state: State,
    ) -> Vec<State> {
        let mut after = vec![state.clone()];
        if let Some(body) = body {
            after.extend(self.turns(&body, label.as_ref(), &state, &mut |_, _| {}));
        }
        after
    }

    /// Two turns of a loop; `enter` sets its variables at the start of each.
    fn turns(
        &mut self,
        body: &ast::PlpgsqlBody,
        label: Option<&String>,
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
            .filter(|state| {
                state.leaving.as_ref().is_none_or(|leaving| {
                    leaving.again && (leaving.label.is_none() || leaving.label.as_ref() == label)
                })
            })
            .cloned()
            .map(|mut state| {
                state.leaving = None;
                enter(self, &mut state);
                state
            })
            .collect();
        let mut after = first;
        after.extend(self.body(body, again));
        for state in &mut after {
            state.arrive(label, true);
        }
        after
    }

    /// FOR over the rows of a query.
    fn rows(
        &mut self,
        vars: ast::AstChildren<ast::PlpgsqlForVariable>,
        arms: Vec<Arm>,
        (body, label): (Option<ast::PlpgsqlBody>, Option<String>),
        state: State,
    ) -> Vec<State> {
        let names: Vec<String> = vars.map(|var| word(var.syntax())).collect();
        let mut none = state.clone();
        self.tell_found(&mut none, Binding::Value(Expr::Bool(false)));
        let mut after = vec![none];
        let Some(body) = body else {
            return after;
        };
        // Rows that are not known are still gone through.
        let ways: Vec<Vec<Arm>> = match arms.is_empty() {
            true => vec![Vec::new()],
            false => arms.into_iter().map(|arm| vec![arm]).collect(),
        };
        for way in &ways {
            let mut turns = self.turns(&body, label.as_ref(), &state, &mut |walk, state| {
                walk.bind(&names, way, state);
            });
            for state in &mut turns {
                self.tell_found(state, Binding::Value(Expr::Bool(true)));
            }
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
            Some(arms) => binding(arms),
            None => Binding::Unknown,
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

    pub(super) fn leave(
        &mut self,
        label: Option<ast::PlpgsqlLabelNameRef>,
        when: Option<ast::PlpgsqlExitWhen>,
        again: bool,
        mut state: State,
    ) -> Vec<State> {
        let condition = when.as_ref().and_then(|when| when.cond());
        if let Some(condition) = &condition {
            self.value(condition, &mut state);
        }
        let mut gone = state.clone();
        gone.leaving = Some(Leaving {
            label: label.map(|label| word(label.syntax())),
            again,
        });
        match when {
            Some(_) => vec![gone, state],
            None => vec![gone],
        }
    }
}
