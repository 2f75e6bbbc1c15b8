//! PL/pgSQL, statement by statement.

use std::collections::HashMap;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::body::Into;
use super::state::{Account, State};
use super::variables::{lone_query, targets_of, word};
use super::walk::{MAX_PATHS, Walker};
use crate::predicate::Expr;
use crate::query::Arm;

/// One walk through one body.
pub(super) struct Walk<'w, 'a> {
    pub(super) walker: &'w Walker<'a>,
    pub(super) into: &'w [Into],
    pub(super) account: &'w mut Account,
    /// Queries of cursors by name.
    pub(super) cursors: HashMap<String, SyntaxNode>,
}

impl Walk<'_, '_> {
    /// Paths that reach the end of the body.
    pub(super) fn end(&mut self, states: &[State]) {
        for state in states {
            self.returned(state);
        }
    }

    /// What holds when a path ends: the context may have been left at something else.
    pub(super) fn returned(&mut self, state: &State) {
        self.account.left_switched |= state.frame.context.is_some() && state.worked_switched;
    }

    pub(super) fn block(&mut self, block: &ast::PlpgsqlBlock, states: Vec<State>) -> Vec<State> {
        let mut inside = states;
        for decl in block
            .declare_section()
            .into_iter()
            .flat_map(|section| section.decls())
        {
            for state in &mut inside {
                self.declare(&decl, state);
            }
        }
        let entry = inside.clone();
        let mut ended = match block.body() {
            Some(body) => self.body(&body, inside),
            None => inside,
        };
        // A handler runs with whatever the block had done to the variables.
        for handler in block
            .exception()
            .into_iter()
            .flat_map(|section| section.handlers())
        {
            let mut states = entry.clone();
            for state in &mut states {
                self.forget(block.syntax(), state);
                let raised = Expr::IsTrue(Box::new(Expr::Argument(super::RAISES.to_owned())));
                state.suppose(&Arm::default(), raised);
            }
            if let Some(body) = handler.body() {
                ended.extend(self.body(&body, states));
            }
        }
        ended
    }

    pub(super) fn body(&mut self, body: &ast::PlpgsqlBody, states: Vec<State>) -> Vec<State> {
        let mut states = states;
        for statement in body.stmts() {
            let (going, mut left): (Vec<State>, Vec<State>) =
                states.into_iter().partition(|state| !state.leaving);
            let mut next = Vec::new();
            for state in going {
                next.extend(self.step(&statement, state));
            }
            next.append(&mut left);
            if next.len() > MAX_PATHS {
                self.account
                    .doubt("more paths through the body than are followed");
                next.truncate(MAX_PATHS);
            }
            states = next;
        }
        states
    }

    fn step(&mut self, statement: &ast::PlpgsqlStmt, mut state: State) -> Vec<State> {
        use ast::PlpgsqlStmt as S;
        match statement {
            S::PlpgsqlBlock(block) => return self.block(block, vec![state]),
            S::PlpgsqlIfStmt(choice) => return self.choice(choice, state),
            S::PlpgsqlCaseStmt(case) => return self.case(case, &state),
            S::PlpgsqlLoopStmt(_)
            | S::PlpgsqlWhileStmt(_)
            | S::PlpgsqlForIStmt(_)
            | S::PlpgsqlForEachStmt(_)
            | S::PlpgsqlForQueryStmt(_)
            | S::PlpgsqlForCursorStmt(_)
            | S::PlpgsqlForDynStmt(_) => return self.looping(statement, state),
            S::PlpgsqlReturnStmt(found) => {
                if let Some(expr) = found.expr() {
                    self.show(&expr, &mut state);
                } else {
                    self.outputs(&state);
                }
                self.returned(&state);
                return Vec::new();
            }
            S::PlpgsqlRaiseStmt(raise) => {
                for expr in raise.params() {
                    self.show(&expr, &mut state);
                }
                let level = raise.level().map(|level| word(level.syntax()));
                if level.is_none_or(|level| level == "exception") {
                    return Vec::new();
                }
            }
            S::PlpgsqlExitStmt(_) | S::PlpgsqlContinueStmt(_) => {
                return self.leave(statement.syntax(), state);
            }
            S::PlpgsqlAssignStmt(assign) => return self.assignment(assign, state),
            S::PlpgsqlFetchStmt(fetch) => {
                let query = fetch.cursor().and_then(|name| self.cursor(name.syntax()));
                let arms = query
                    .map(|query| self.run(&query, &mut state))
                    .unwrap_or_default();
                let names = fetch.into_clause().map(|into| targets_of(&into));
                return self.found(&names.unwrap_or_default(), false, arms, state);
            }
            S::PlpgsqlExecSqlStmt(found) => {
                if let Some(inner) = found.stmt() {
                    let arms = self.run(inner.syntax(), &mut state);
                    return self.keep(found.syntax(), arms, state);
                }
            }
            S::PlpgsqlDynExecuteStmt(found) => {
                let arms = self.dynamic(found.query(), found.using_clause(), &mut state);
                let names = found.into_clause().map(|into| targets_of(&into));
                return match names {
                    Some(names) => self.found(&names, false, arms, state),
                    None => vec![state],
                };
            }
            other => self.plain(other, &mut state),
        }
        vec![state]
    }

    /// Statements that neither branch nor end.
    fn plain(&mut self, statement: &ast::PlpgsqlStmt, state: &mut State) {
        use ast::PlpgsqlStmt as S;
        match statement {
            S::PlpgsqlPerformStmt(perform) => {
                let query = perform
                    .syntax()
                    .children()
                    .find_map(ast::SelectVariant::cast);
                if let Some(query) = query {
                    let arms = self.run(query.syntax(), state);
                    for arm in &arms {
                        self.walker.follow(arm, state, self.account, false);
                    }
                }
            }
            S::PlpgsqlCallStmt(found) => {
                if let Some(call) = found.syntax().children().find_map(ast::Call::cast) {
                    self.run(call.syntax(), state);
                }
            }
            S::PlpgsqlReturnNextStmt(found) => match found.expr() {
                Some(expr) => self.show(&expr, state),
                None => self.outputs(state),
            },
            S::PlpgsqlReturnQueryStmt(found) => {
                if let Some(query) = found.query() {
                    let arms = self.run(query.syntax(), state);
                    self.shown(&arms, state);
                }
            }
            S::PlpgsqlReturnQueryExecuteStmt(found) => {
                let arms = self.dynamic(found.query(), found.using_clause(), state);
                self.shown(&arms, state);
            }
            S::PlpgsqlOpenStmt(open) => self.open(open, state),
            S::PlpgsqlGetDiagStmt(_) => self.forget(statement.syntax(), state),
            S::PlpgsqlDoStmt(_) => self.account.doubt("a DO statement"),
            _ => {}
        }
    }

    pub(super) fn run(&mut self, statement: &SyntaxNode, state: &mut State) -> Vec<Arm> {
        let arms = self.walker.run(statement, state, self.account);
        for arm in &arms {
            self.walker.follow(arm, state, self.account, false);
        }
        arms
    }

    /// The ways to the value of an expression; a sub-select alone is a query.
    pub(super) fn value(&mut self, expr: &ast::PlpgsqlExpr, state: &mut State) -> Vec<Arm> {
        if let Some(query) = lone_query(expr) {
            return self.run(query.syntax(), state);
        }
        let effect = self
            .walker
            .reader
            .expression(expr, &state.frame, self.walker);
        for reason in &effect.unknown {
            self.account.doubt(reason);
        }
        for arm in &effect.shown {
            self.walker.follow(arm, state, self.account, false);
        }
        effect.shown
    }

    /// What the caller gets to see.
    fn show(&mut self, expr: &ast::PlpgsqlExpr, state: &mut State) {
        let arms = match lone_query(expr) {
            Some(query) => self.walker.run(query.syntax(), state, self.account),
            None => {
                let effect = self
                    .walker
                    .reader
                    .expression(expr, &state.frame, self.walker);
                for reason in &effect.unknown {
                    self.account.doubt(reason);
                }
                effect.shown
            }
        };
        self.shown(&arms, state);
    }

    pub(super) fn shown(&mut self, arms: &[Arm], state: &mut State) {
        for arm in arms {
            self.walker.follow(arm, state, self.account, true);
            let reads = !arm.rows.is_empty() || !arm.inner.is_empty();
            state.worked_switched |= reads && state.frame.context.is_some();
            self.account.shown.push(state.showing(arm));
        }
    }
}
