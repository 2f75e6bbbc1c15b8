//! PL/pgSQL, statement by statement.

use std::collections::BTreeSet;
use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::body::Into;
use super::called::inputs;
use super::state::{Account, State};
use super::variables::{lone_query, targets_of, word};
use super::walk::{MAX_PATHS, Walker};
use crate::catalog::Function;
use crate::predicate::Expr;
use crate::query::{Arm, Use};

/// States that a handler starts from, beyond which they are taken together.
const MAX_SEEN: usize = 12;

/// One walk through one body.
pub(super) struct Walk<'w, 'a> {
    pub(super) walker: &'w Walker<'a>,
    pub(super) into: &'w [Into],
    pub(super) account: &'w mut Account,
    /// What is returned by being assigned to.
    pub(super) outputs: Outputs,
    /// Variables that were declared: none of them is an output.
    pub(super) declared: BTreeSet<String>,
    /// States in the blocks around here that have handlers.
    seen: Vec<Vec<State>>,
    /// Whether the body asks for FOUND.
    pub(super) asks_found: bool,
    /// Whether a variable is called like it.
    pub(super) shadows_found: bool,
}

/// How a body returns what was put into variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outputs {
    /// Not at all.
    None,
    /// One row, at the end.
    AtEnd,
    /// A row at every RETURN NEXT.
    Rows,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(
        walker: &'w Walker<'a>,
        function: &Function,
        into: &'w [Into],
        account: &'w mut Account,
    ) -> Self {
        let named = function.arguments.contains("OUT ");
        let outputs = match (function.returns_set, named) {
            (true, _) => Outputs::Rows,
            (false, true) => Outputs::AtEnd,
            (false, false) => Outputs::None,
        };
        let mut declared: BTreeSet<String> = inputs(function)
            .into_iter()
            .map(|name| name.to_lowercase())
            .collect();
        declared.insert("found".into());
        Self {
            walker,
            into,
            account,
            outputs,
            declared,
            seen: Vec::new(),
            asks_found: function.body.to_lowercase().contains("found"),
            shadows_found: false,
        }
    }
}

impl Walk<'_, '_> {
    /// Paths that reach the end of the body.
    pub(super) fn end(&mut self, states: &[State]) {
        for state in states {
            if self.outputs == Outputs::AtEnd {
                self.show_outputs(state);
            }
            self.returned(state);
        }
    }

    /// What holds when a path ends: the context may have been left at something else.
    pub(super) fn returned(&mut self, state: &State) {
        self.account.left_switched |= state.frame.context.is_some() && state.worked_switched;
    }

    pub(super) fn block(&mut self, block: &ast::PlpgsqlBlock, states: Vec<State>) -> Vec<State> {
        let label = block
            .label()
            .and_then(|label| label.name())
            .map(|name| word(name.syntax()));
        let mut inside = states;
        let mut depth = 0;
        for state in &mut inside {
            depth = state.frame.names.enter();
        }
        for decl in block
            .declare_section()
            .into_iter()
            .flat_map(|section| section.decls())
        {
            inside = inside
                .into_iter()
                .flat_map(|state| self.declare(&decl, state))
                .collect();
        }
        self.seen.push(inside.clone());
        let mut ended = match block.body() {
            Some(body) => self.body(&body, inside),
            None => inside,
        };
        let seen = self.seen.pop().unwrap_or_default();
        for handler in block
            .exception()
            .into_iter()
            .flat_map(|section| section.handlers())
        {
            let Some(body) = handler.body() else {
                continue;
            };
            // Anything may have failed at any point: a handler finds what there was until then.
            let states = seen.iter().cloned().map(|mut state| {
                state.frame.names.leave(depth);
                state.leaving = None;
                let raised = Expr::IsTrue(Box::new(Expr::Argument(super::RAISES.to_owned())));
                state.suppose(&Arm::default(), raised);
                state
            });
            ended.extend(self.body(&body, states.collect()));
        }
        for state in &mut ended {
            state.frame.names.leave(depth - 1);
            state.arrive(label.as_ref(), false);
        }
        ended
    }

    /// Keeps a state for the handlers of the blocks around here.
    fn note(&mut self, state: &State) {
        for seen in &mut self.seen {
            if seen.iter().any(|known| known.is_like(state)) {
                continue;
            }
            if seen.len() < MAX_SEEN {
                seen.push(state.clone());
            } else if let Some(last) = seen.last_mut() {
                last.frame.names.blend(&state.frame.names);
            }
        }
    }

    pub(super) fn body(&mut self, body: &ast::PlpgsqlBody, states: Vec<State>) -> Vec<State> {
        let mut states = states;
        for statement in body.stmts() {
            let (going, mut left): (Vec<State>, Vec<State>) = states
                .into_iter()
                .partition(|state| state.leaving.is_none());
            let mut next = Vec::new();
            for state in going {
                next.extend(self.step(&statement, state));
            }
            for state in &next {
                self.note(state);
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
            S::PlpgsqlCaseStmt(case) => return self.case(case, state),
            S::PlpgsqlLoopStmt(_)
            | S::PlpgsqlWhileStmt(_)
            | S::PlpgsqlForIStmt(_)
            | S::PlpgsqlForEachStmt(_)
            | S::PlpgsqlForQueryStmt(_)
            | S::PlpgsqlForCursorStmt(_)
            | S::PlpgsqlForDynStmt(_) => return self.looping(statement, state),
            S::PlpgsqlReturnStmt(found) => {
                match found.expr() {
                    Some(expr) => self.show(&expr, &mut state),
                    None if self.outputs == Outputs::AtEnd => self.show_outputs(&state),
                    None => {}
                }
                self.returned(&state);
                return Vec::new();
            }
            S::PlpgsqlRaiseStmt(raise) => {
                if self.raise(raise, &mut state) {
                    return Vec::new();
                }
            }
            S::PlpgsqlExitStmt(exit) => {
                return self.leave(exit.label(), exit.when_clause(), false, state);
            }
            S::PlpgsqlContinueStmt(next) => {
                return self.leave(next.label(), next.when_clause(), true, state);
            }
            S::PlpgsqlAssignStmt(assign) => return self.assignment(assign, state),
            S::PlpgsqlFetchStmt(fetch) => {
                let arms = match fetch.cursor() {
                    Some(name) => self.fetched(&word(name.syntax()), &mut state),
                    None => Vec::new(),
                };
                let names = fetch.into_clause().map(|into| targets_of(&into));
                return self.found(&names.unwrap_or_default(), false, arms, state);
            }
            S::PlpgsqlPerformStmt(perform) => return self.perform(perform, state),
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

    /// RAISE shows what it says; whether it ends the path.
    fn raise(&mut self, raise: &ast::PlpgsqlRaiseStmt, state: &mut State) -> bool {
        let using = raise.using_clause();
        let options = using
            .iter()
            .flat_map(|using| using.syntax().descendants())
            .filter_map(ast::PlpgsqlExpr::cast);
        for expr in raise.params().chain(options) {
            self.say(&expr, state);
        }
        let level = raise.level().map(|level| word(level.syntax()));
        level.is_none_or(|level| level == "exception")
    }

    /// What a message says: it is shown, but nothing of it is the value of a call.
    fn say(&mut self, expr: &ast::PlpgsqlExpr, state: &mut State) {
        let before = self.account.shown.len();
        self.show(expr, state);
        let said = self.account.shown.split_off(before);
        let tells = |said: &Rc<Use>| !said.arm.rows.is_empty() || !said.arm.inner.is_empty();
        self.account.shown.extend(said.into_iter().filter(tells));
        self.account.says |= self.account.shown.len() > before;
    }

    /// Statements that neither branch nor end.
    fn plain(&mut self, statement: &ast::PlpgsqlStmt, state: &mut State) {
        use ast::PlpgsqlStmt as S;
        match statement {
            S::PlpgsqlCallStmt(found) => {
                if let Some(call) = found.call() {
                    self.call(&call, state);
                }
            }
            S::PlpgsqlAssertStmt(assert) => {
                for expr in assert
                    .syntax()
                    .children()
                    .filter_map(ast::PlpgsqlExpr::cast)
                {
                    self.say(&expr, state);
                }
            }
            S::PlpgsqlReturnNextStmt(found) => match found.expr() {
                Some(expr) => self.show(&expr, state),
                None => self.show_outputs(state),
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

    /// PERFORM: nothing is kept but whether there were rows.
    fn perform(&mut self, perform: &ast::PlpgsqlPerformStmt, mut state: State) -> Vec<State> {
        let query = perform
            .syntax()
            .children()
            .find_map(ast::SelectVariant::cast);
        let Some(query) = query else {
            self.account.doubt("a PERFORM statement");
            return vec![state];
        };
        let arms = self.run(query.syntax(), &mut state);
        self.sets_found(arms, state)
    }

    /// The ways to the value of an expression; a sub-select alone is a query.
    pub(super) fn value(&mut self, expr: &ast::PlpgsqlExpr, state: &mut State) -> Vec<Arm> {
        if let Some(query) = lone_query(expr) {
            return self.run(query.syntax(), state);
        }
        let arms = self.walker.expression(expr, state, self.account);
        for arm in &arms {
            self.walker.follow(arm, state, self.account, false);
        }
        arms
    }

    /// What the caller gets to see.
    fn show(&mut self, expr: &ast::PlpgsqlExpr, state: &mut State) {
        let arms = match lone_query(expr) {
            Some(query) => self.walker.run(query.syntax(), state, self.account),
            None => self.walker.expression(expr, state, self.account),
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
