//! EXECUTE and cursors: queries that are run elsewhere than they are written.

use std::rc::Rc;

use squawk_syntax::ast::{self, AstNode};

use super::body::{Body, statements};
use super::dynamic::template;
use super::state::{Cursor, State};
use super::step::Walk;
use super::variables::{binding, word};
use crate::predicate::lower;
use crate::query::{Arm, Binding, argument};

impl Walk<'_, '_> {
    /// EXECUTE of a text that can be read.
    pub(super) fn dynamic(
        &mut self,
        query: Option<ast::PlpgsqlExpr>,
        using: Option<ast::PlpgsqlUsingClause>,
        state: &mut State,
    ) -> Vec<Arm> {
        let Some(query) = query else {
            return Vec::new();
        };
        let given: Vec<ast::PlpgsqlExpr> = using
            .into_iter()
            .flat_map(|clause| clause.exprs())
            .collect();
        let mut values: Vec<Binding> = Vec::new();
        for expr in &given {
            let arms = self.value(expr, state);
            values.push(binding(&arms));
        }
        let text = self.value(&query, state);
        let made = match text.as_slice() {
            [arm] => match arm.targets.as_slice() {
                [(_, value)] => template(value, values.len()).map(|made| (made, arm.clone())),
                _ => None,
            },
            _ => None,
        };
        let Some(((text, literals), arm)) = made else {
            self.account
                .doubt("SQL that is put together from what the caller sends");
            return Vec::new();
        };
        let literals = literals.into_iter().map(|value| argument(value, &arm));
        values.extend(literals);
        let Some(Body::Statements(statements)) = statements(&text) else {
            self.account.doubt("SQL in EXECUTE that does not parse");
            return Vec::new();
        };
        // Variables are out of sight in there; only parameters are.
        let outside = std::mem::take(&mut state.frame.names);
        for (at, value) in values.into_iter().enumerate() {
            state.frame.names.bind(&format!("${}", at + 1), value);
        }
        let mut arms = Vec::new();
        for statement in &statements {
            arms = self.run(statement, state);
        }
        state.frame.names = outside;
        arms
    }

    pub(super) fn open(&mut self, open: &ast::PlpgsqlOpenStmt, state: &mut State) {
        let name = open.cursor().map(|name| word(name.syntax()));
        let name = name.unwrap_or_default();
        match open.source() {
            Some(ast::PlpgsqlOpenSource::PlpgsqlOpenQuery(source)) => {
                if let Some(query) = source.query() {
                    let cursor = Cursor {
                        query: query.syntax().clone(),
                        arguments: Vec::new(),
                        given: Vec::new(),
                    };
                    state.cursors.insert(name.clone(), Rc::new(cursor));
                }
            }
            Some(ast::PlpgsqlOpenSource::PlpgsqlOpenExecute(_)) => {
                self.account.doubt("a cursor over SQL that is put together");
                return;
            }
            None => self.pass(&name, open.args(), state),
        }
        // A cursor can be handed to the caller.
        let arms = self.fetched(&name, state);
        self.shown(&arms, state);
        state.frame.cursors.insert(name, Rc::new(arms));
    }

    /// What is passed to a cursor that takes arguments.
    pub(super) fn pass(&mut self, name: &str, list: Option<ast::ArgList>, state: &mut State) {
        let Some(cursor) = state.cursors.get(name).cloned() else {
            return;
        };
        let mut given = Vec::new();
        for argument in list.into_iter().flat_map(|list| list.args()) {
            let named = argument
                .syntax()
                .descendants()
                .any(|node| ast::NamedArg::can_cast(node.kind()));
            given.push(match argument.expr() {
                Some(expr) if !named => {
                    let arm = self.walker.place(&lower::expr(&expr), state);
                    self.walker.follow(&arm, state, self.account, false);
                    binding(&[arm])
                }
                _ => Binding::Unknown,
            });
        }
        let opened = Cursor {
            query: cursor.query.clone(),
            arguments: cursor.arguments.clone(),
            given,
        };
        state.cursors.insert(name.to_owned(), Rc::new(opened));
    }

    /// The rows of a cursor; none where it is not known what it goes over.
    pub(super) fn fetched(&mut self, name: &str, state: &mut State) -> Vec<Arm> {
        let Some(cursor) = state.cursors.get(name).cloned() else {
            return Vec::new();
        };
        let depth = state.frame.names.enter();
        for (at, name) in cursor.arguments.iter().enumerate() {
            let given = cursor.given.get(at).cloned().unwrap_or(Binding::Unknown);
            state.frame.names.declare(name, given);
        }
        let arms = self.run(&cursor.query, state);
        state.frame.names.leave(depth - 1);
        arms
    }

    /// CALL: what the procedure puts into its output arguments is in the variables after it.
    pub(super) fn call(&mut self, call: &ast::Call, state: &mut State) {
        let returned = super::utility::call(self.walker, call.syntax(), state, self.account);
        let given: Vec<Binding> = returned
            .into_iter()
            .map(|arm| Binding::Record(Rc::new(arm)))
            .collect();
        let given = match given.as_slice() {
            [one] => one.clone(),
            several => Binding::blend(several),
        };
        for argument in call.arg_list().into_iter().flat_map(|list| list.args()) {
            let name = argument.syntax().text().to_string().trim().to_lowercase();
            if state.frame.names.get(&name).is_some() {
                state.frame.names.bind(&name, given.clone());
            }
        }
    }
}
