//! IF and CASE: a path for every branch.

use squawk_syntax::ast::{self, AstNode};

use super::fold::decided;
use super::state::State;
use super::step::Walk;
use crate::predicate::Expr;
use crate::query::Arm;

impl Walk<'_, '_> {
    pub(super) fn choice(&mut self, choice: &ast::PlpgsqlIfStmt, state: State) -> Vec<State> {
        let mut branches = vec![(choice.cond(), choice.then_body())];
        branches.extend(choice.elsifs().map(|elsif| (elsif.cond(), elsif.body())));
        let (mut after, rest) = self.branches(branches, state);
        match choice.else_clause().and_then(|clause| clause.body()) {
            Some(body) => after.extend(self.body(&body, rest)),
            None => after.extend(rest),
        }
        after
    }

    /// Branches one after the other: the paths after them, and those that took none.
    fn branches(
        &mut self,
        branches: Vec<(Option<ast::PlpgsqlExpr>, Option<ast::PlpgsqlBody>)>,
        state: State,
    ) -> (Vec<State>, Vec<State>) {
        let (mut after, mut rest) = (Vec::new(), vec![state]);
        for (condition, body) in branches {
            let (Some(condition), Some(body)) = (condition, body) else {
                self.account.doubt("a branch that does not parse");
                continue;
            };
            let mut next = Vec::new();
            for state in rest {
                let (inside, past) = self.turn(&condition, &body, state);
                after.extend(
                    inside
                        .map(|inside| self.body(&body, vec![inside]))
                        .into_iter()
                        .flatten(),
                );
                next.extend(past);
            }
            rest = next;
        }
        (after, rest)
    }

    /// The paths into a branch and past it; `None` where the condition decides against it.
    fn turn(
        &mut self,
        condition: &ast::PlpgsqlExpr,
        body: &ast::PlpgsqlBody,
        mut state: State,
    ) -> (Option<State>, Option<State>) {
        let value = self.condition(condition, &mut state);
        match decided(&value.1) {
            Some(true) => return (Some(state), None),
            Some(false) => return (None, Some(state)),
            None if is_unknown(&value.1) => return (Some(state.clone()), Some(state)),
            None => {}
        }
        let mut inside = state.clone();
        self.told(&value, body, &inside);
        inside.suppose(&value.0, value.1.clone());
        let not = Expr::Not(Box::new(Expr::IsTrue(Box::new(value.1))));
        state.suppose(&value.0, not);
        (Some(inside), Some(state))
    }

    /// A condition, and the rows that it is about.
    fn condition(&mut self, expr: &ast::PlpgsqlExpr, state: &mut State) -> (Arm, Expr) {
        let arms = self.value(expr, state);
        match arms.as_slice() {
            [arm] => match arm.targets.as_slice() {
                [(_, value)] => (arm.clone(), value.clone()),
                _ => (arm.clone(), Expr::Opaque("a condition".into())),
            },
            _ => (Arm::default(), Expr::Opaque("a condition".into())),
        }
    }

    /// A branch that returns a constant tells the caller that its condition was true.
    fn told(&mut self, (arm, value): &(Arm, Expr), body: &ast::PlpgsqlBody, state: &State) {
        let returns = body.stmts().any(|statement| match statement {
            ast::PlpgsqlStmt::PlpgsqlReturnStmt(found) => found.expr().is_some_and(|expr| {
                let text = expr.syntax().text().to_string().trim().to_lowercase();
                !matches!(text.as_str(), "null" | "false")
            }),
            _ => false,
        });
        if !returns {
            return;
        }
        let mut about = state.under(arm);
        if arm.inner.is_empty() {
            about.conditions.push(value.clone());
        }
        self.account.told.push(about);
    }

    /// CASE. Without ELSE, what no branch takes is an error.
    pub(super) fn case(&mut self, case: &ast::PlpgsqlCaseStmt, mut state: State) -> Vec<State> {
        let (mut after, rest) = match case.subject() {
            None => {
                let branches = case.whens().map(|when| (when.cond(), when.body()));
                self.branches(branches.collect(), state)
            }
            // What the subject is compared with is not followed: any branch may be taken.
            Some(subject) => {
                self.value(&subject, &mut state);
                let mut after = Vec::new();
                for when in case.whens() {
                    let mut inside = state.clone();
                    if let Some(condition) = when.cond() {
                        self.value(&condition, &mut inside);
                    }
                    if let Some(body) = when.body() {
                        after.extend(self.body(&body, vec![inside]));
                    }
                }
                (after, vec![state])
            }
        };
        if let Some(body) = case.else_clause().and_then(|clause| clause.body()) {
            after.extend(self.body(&body, rest));
        }
        after
    }
}

/// Whether a condition is nothing but a variable that may hold anything: either branch is taken
/// some day.
fn is_unknown(condition: &Expr) -> bool {
    match condition {
        Expr::Opaque(text) => text.starts_with("variable "),
        Expr::Not(inner) => is_unknown(inner),
        _ => false,
    }
}
