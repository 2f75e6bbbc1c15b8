//! Variables: what is put into them, and what is known of it later.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::body::Into;
use super::state::State;
use super::step::Walk;
use crate::predicate::Expr;
use crate::query::{Arm, Binding};

impl Walk<'_, '_> {
    pub(super) fn declare(&mut self, decl: &ast::PlpgsqlDecl, state: &mut State) {
        match decl {
            ast::PlpgsqlDecl::PlpgsqlVarDecl(var) => {
                let Some(name) = var.name().map(|name| word(name.syntax())) else {
                    return;
                };
                match var.init().and_then(|init| init.expr()) {
                    Some(init) => {
                        let arms = self.value(&init, state);
                        self.assign(&name, &arms, state);
                    }
                    None => state.frame.names.bind(&name, Binding::Value(Expr::Null)),
                }
            }
            ast::PlpgsqlDecl::PlpgsqlCursorDecl(cursor) => {
                if let (Some(name), Some(query)) = (cursor.name(), cursor.query()) {
                    self.cursors
                        .insert(word(name.syntax()), query.syntax().clone());
                }
                for argument in cursor
                    .args()
                    .into_iter()
                    .flat_map(|list| list.plpgsql_cursor_args())
                {
                    if let Some(name) = argument.name() {
                        state
                            .frame
                            .names
                            .bind(&word(name.syntax()), Binding::Unknown);
                    }
                }
            }
            ast::PlpgsqlDecl::PlpgsqlAliasDecl(alias) => {
                if let (Some(name), Some(target)) = (
                    alias.name(),
                    alias
                        .syntax()
                        .children()
                        .find_map(ast::PlpgsqlAliasTarget::cast),
                ) {
                    let of = state.frame.names.get(&word(target.syntax())).cloned();
                    let binding = of.unwrap_or(Binding::Unknown);
                    state.frame.names.bind(&word(name.syntax()), binding);
                }
            }
        }
    }

    /// `v := value`; a sub-select alone is as INTO, and a part of a record is not followed.
    pub(super) fn assignment(
        &mut self,
        assign: &ast::PlpgsqlAssignStmt,
        mut state: State,
    ) -> Vec<State> {
        let target = assign
            .syntax()
            .children()
            .find_map(ast::PlpgsqlAssignTarget::cast);
        let value = assign.syntax().children().find_map(ast::PlpgsqlExpr::cast);
        let (Some(target), Some(value)) = (target, value) else {
            return vec![state];
        };
        let Some(name) = target.name().map(|name| word(name.syntax())) else {
            return vec![state];
        };
        let arms = self.value(&value, &mut state);
        let whole = target.syntax().children().count() == 1;
        match lone_query(&value) {
            Some(_) if whole => self.found(&[name], false, arms, state),
            _ => {
                let binding = if whole {
                    binding(&arms)
                } else {
                    self.part(&name, &arms, &state)
                };
                state.frame.names.bind(&name, binding);
                vec![state]
            }
        }
    }

    /// A record of which a part was set: what came in may come out.
    fn part(&mut self, name: &str, arms: &[Arm], state: &State) -> Binding {
        let known = match state.frame.names.get(name) {
            Some(Binding::Record(record)) => Some(record.as_ref().clone()),
            _ => None,
        };
        match (known, arms) {
            (Some(record), [arm]) => Binding::Record(Rc::new(Arm {
                targets: record.targets.clone(),
                ..record.beside(arm)
            })),
            (None, [arm]) if !arm.rows.is_empty() => Binding::Record(Rc::new(arm.clone())),
            _ => Binding::Unknown,
        }
    }

    /// RETURN and RETURN NEXT without an expression: what was put into the output columns.
    pub(super) fn outputs(&mut self, state: &State) {
        let names: Vec<String> = state.frame.names.names().cloned().collect();
        for name in names {
            if let Some(Binding::Record(record)) = state.frame.names.get(&name) {
                self.account.shown.push(state.showing(record));
            }
        }
    }

    /// A statement's INTO, if it has one.
    pub(super) fn keep(
        &mut self,
        statement: &SyntaxNode,
        arms: Vec<Arm>,
        state: State,
    ) -> Vec<State> {
        match Into::of(self.into, statement) {
            Some(into) => {
                let (names, strict) = (into.variables.clone(), into.strict);
                self.found(&names, strict, arms, state)
            }
            None => vec![state],
        }
    }

    /// INTO: with a row, or with NULLs where there was none.
    pub(super) fn found(
        &mut self,
        names: &[String],
        strict: bool,
        arms: Vec<Arm>,
        state: State,
    ) -> Vec<State> {
        let mut after: Vec<State> = Vec::new();
        for arm in &arms {
            let mut yes = state.clone();
            self.bind(names, std::slice::from_ref(arm), &mut yes);
            yes.frame
                .names
                .bind("found", Binding::Value(Expr::Bool(true)));
            after.push(yes);
        }
        let always = arms
            .iter()
            .any(|arm| arm.rows.is_empty() && arm.conditions.is_empty());
        if strict || always {
            return after;
        }
        let mut no = state;
        for name in names {
            let name = name.split('.').next().unwrap_or(name);
            no.frame.names.bind(name, Binding::Value(Expr::Null));
        }
        no.frame
            .names
            .bind("found", Binding::Value(Expr::Bool(false)));
        after.push(no);
        after
    }

    fn assign(&mut self, name: &str, arms: &[Arm], state: &mut State) {
        state.frame.names.bind(name, binding(arms));
    }

    pub(super) fn bind(&mut self, names: &[String], arms: &[Arm], state: &mut State) {
        if let [name] = names {
            state.frame.names.bind(name, binding(arms));
            return;
        }
        for (at, name) in names.iter().enumerate() {
            let one: Vec<Arm> = arms
                .iter()
                .map(|arm| Arm {
                    targets: arm.targets.get(at).cloned().into_iter().collect(),
                    ..arm.clone()
                })
                .collect();
            match name.split_once('.') {
                None => state.frame.names.bind(name, binding(&one)),
                Some((record, _)) => state.frame.names.bind(record, Binding::Unknown),
            }
        }
    }

    /// Variables that a piece of the body may set hold anything.
    pub(super) fn forget(&self, node: &SyntaxNode, state: &mut State) {
        for assign in node.descendants().filter_map(ast::PlpgsqlVarNameRef::cast) {
            let name = word(assign.syntax());
            if state.frame.names.get(&name).is_some() {
                state.frame.names.bind(&name, Binding::Unknown);
            }
        }
        let range = node.text_range();
        for into in self.into {
            if into.is_within(range.start().into(), range.end().into()) {
                for name in &into.variables {
                    let name = name.split('.').next().unwrap_or(name);
                    state.frame.names.bind(name, Binding::Unknown);
                }
            }
        }
    }
}

/// What a variable holds after the ways that lead to a value.
pub(super) fn binding(arms: &[Arm]) -> Binding {
    let [arm] = arms else {
        return Binding::Unknown;
    };
    let alone = arm.rows.is_empty() && arm.conditions.is_empty() && arm.inner.is_empty();
    match arm.targets.as_slice() {
        [(_, value)] => match crate::query::fields(value) {
            Some(targets) => Binding::Record(Rc::new(Arm {
                targets,
                ..arm.clone()
            })),
            None if alone => Binding::Value(value.clone()),
            None => Binding::Record(Rc::new(arm.clone())),
        },
        _ => Binding::Record(Rc::new(arm.clone())),
    }
}

/// The sub-select that an expression is, if it is nothing else.
pub(super) fn lone_query(expr: &ast::PlpgsqlExpr) -> Option<ast::SelectVariant> {
    let mut targets = expr.target_list()?.targets();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return None;
    };
    match target.expr()? {
        ast::Expr::ParenExpr(paren) => paren.syntax().children().find_map(ast::SelectVariant::cast),
        _ => None,
    }
}

pub(super) fn targets_of(into: &ast::PlpgsqlIntoClause) -> Vec<String> {
    into.syntax()
        .descendants()
        .filter_map(ast::PlpgsqlIntoTarget::cast)
        .map(|target| word(target.syntax()))
        .collect()
}

/// A name as PL/pgSQL folds it.
pub(super) fn word(node: &SyntaxNode) -> String {
    let text = node.text().to_string();
    text.trim().trim_matches('"').to_lowercase()
}
