//! EXECUTE and cursors: queries that are run elsewhere than they are written.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::body::{Body, statements};
use super::dynamic::template;
use super::state::State;
use super::step::Walk;
use super::variables::{binding, word};
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
        match open.source() {
            Some(ast::PlpgsqlOpenSource::PlpgsqlOpenQuery(source)) => {
                if let (Some(query), Some(name)) = (source.query(), open.cursor()) {
                    self.cursors
                        .insert(word(name.syntax()), query.syntax().clone());
                    // A cursor can be handed to the caller.
                    let arms = self.run(query.syntax(), state);
                    self.shown(&arms, state);
                    let name = word(name.syntax());
                    state.frame.cursors.insert(name, Rc::new(arms));
                }
            }
            Some(ast::PlpgsqlOpenSource::PlpgsqlOpenExecute(_)) => {
                self.account.doubt("a cursor over SQL that is put together");
            }
            None => {
                let query = open.cursor().and_then(|name| self.cursor(name.syntax()));
                if let Some(query) = query {
                    let arms = self.run(&query, state);
                    self.shown(&arms, state);
                }
            }
        }
    }

    pub(super) fn cursor(&self, name: &SyntaxNode) -> Option<SyntaxNode> {
        self.cursors.get(&word(name)).cloned()
    }
}
