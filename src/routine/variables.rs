//! Variables: what is put into them, and what is known of it later.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::body::Into;
use super::state::{Cursor, State};
use super::step::Walk;
use crate::predicate::Expr;
use crate::query::{Arm, Binding};

impl Walk<'_, '_> {
    pub(super) fn declare(&mut self, decl: &ast::PlpgsqlDecl, mut state: State) -> Vec<State> {
        match decl {
            ast::PlpgsqlDecl::PlpgsqlVarDecl(var) => {
                let Some(name) = var.name().map(|name| word(name.syntax())) else {
                    return vec![state];
                };
                self.declared.insert(name.clone());
                self.shadows_found |= name == "found";
                let Some(init) = var.init().and_then(|init| init.expr()) else {
                    state.frame.names.declare(&name, Binding::Value(Expr::Null));
                    return vec![state];
                };
                let arms = self.value(&init, &mut state);
                state.frame.names.declare(&name, Binding::Value(Expr::Null));
                match lone_query(&init) {
                    Some(_) => self.found(&[name], false, arms, state),
                    None => {
                        state.frame.names.bind(&name, binding(&arms));
                        vec![state]
                    }
                }
            }
            ast::PlpgsqlDecl::PlpgsqlCursorDecl(cursor) => {
                let arguments = cursor
                    .args()
                    .into_iter()
                    .flat_map(|list| list.plpgsql_cursor_args())
                    .filter_map(|argument| argument.name())
                    .map(|name| word(name.syntax()))
                    .collect();
                if let (Some(name), Some(query)) = (cursor.name(), cursor.query()) {
                    let cursor = Cursor {
                        query: query.syntax().clone(),
                        arguments,
                        given: Vec::new(),
                    };
                    state.cursors.insert(word(name.syntax()), Rc::new(cursor));
                }
                vec![state]
            }
            ast::PlpgsqlDecl::PlpgsqlAliasDecl(alias) => {
                let target = alias
                    .syntax()
                    .children()
                    .find_map(ast::PlpgsqlAliasTarget::cast);
                if let (Some(name), Some(target)) = (alias.name(), target) {
                    let of = state.frame.names.get(&word(target.syntax())).cloned();
                    let name = word(name.syntax());
                    self.declared.insert(name.clone());
                    let binding = of.unwrap_or(Binding::Unknown);
                    state.frame.names.declare(&name, binding);
                }
                vec![state]
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
        let path = word(target.syntax());
        let whole = target.syntax().children().count() == 1;
        // An element of an array is a part without a name.
        let plain = path.split('.').all(|part| !part.contains(['[', ' ']));
        let name = if plain { path } else { format!("{name}.") };
        if lone_query(&value).is_some() {
            return self.found(&[name], false, arms, state);
        }
        if !whole || arms.len() < 2 {
            self.set(&name, &arms, &mut state);
            return vec![state];
        }
        let each = arms.iter().map(|arm| {
            let mut next = state.clone();
            self.set(&name, std::slice::from_ref(arm), &mut next);
            next
        });
        each.collect()
    }

    /// Sets a variable, a field of a record, or a variable of a labelled block.
    fn set(&self, name: &str, arms: &[Arm], state: &mut State) {
        match name.split_once('.') {
            None => state.frame.names.bind(name, binding(arms)),
            Some((record, field)) if state.frame.names.get(record).is_some() => {
                let binding = self.part(record, field, arms, state);
                state.frame.names.bind(record, binding);
            }
            Some((_, variable)) if variable.contains('.') => self.set(variable, arms, state),
            Some((_, variable)) => state.frame.names.bind_all(variable, &binding(arms)),
        }
    }

    /// A record of which a part was set: what came in may come out.
    fn part(&self, name: &str, field: &str, arms: &[Arm], state: &State) -> Binding {
        let known = state.frame.names.get(name).cloned();
        let [arm] = arms else {
            let set = arms.iter().map(|arm| Binding::Record(Rc::new(arm.clone())));
            return Binding::blend(&set.chain(known).collect::<Vec<_>>());
        };
        let value = match arm.targets.as_slice() {
            [(_, value)] => value.clone(),
            _ => Expr::Opaque(format!("{name}.{field}")),
        };
        let Some(Binding::Record(record)) = known else {
            return Binding::Record(Rc::new(Arm {
                targets: vec![(field.to_owned(), value)],
                ..arm.clone()
            }));
        };
        let has = record.targets.iter().any(|(known, _)| known == field);
        let targets = record.targets.iter().map(|(known, old)| {
            let now = match (has, known == field) {
                (true, true) => value.clone(),
                (true, false) => old.clone(),
                // Which part it is, is not known.
                (false, _) => Expr::Opaque(format!("{name}.{known}")),
            };
            (known.clone(), now)
        });
        Binding::Record(Rc::new(Arm {
            targets: targets.collect(),
            ..record.beside(arm)
        }))
    }

    /// What was put into the output columns: into variables that nobody declared.
    pub(super) fn show_outputs(&mut self, state: &State) {
        let names = state.frame.names.names();
        let outputs: Vec<&String> = names
            .filter(|name| !self.declared.contains(*name) && !name.contains(['.', '$']))
            .collect();
        for name in outputs {
            if let Some(Binding::Record(record)) = state.frame.names.get(name) {
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
            None => self.sets_found(arms, state),
        }
    }

    /// FOUND after a statement that keeps none of its rows.
    pub(super) fn sets_found(&mut self, arms: Vec<Arm>, mut state: State) -> Vec<State> {
        if !self.asks_found {
            return vec![state];
        }
        // What a change met is not among the rows that it returns.
        if arms.is_empty() || arms.iter().all(|arm| arm.rows.is_empty()) {
            let value = Expr::Opaque("whether rows were found".into());
            self.tell_found(&mut state, Binding::Value(value));
            return vec![state];
        }
        let mut after = Vec::new();
        for arm in &arms {
            let mut yes = state.clone();
            yes.suppose(arm, Expr::Bool(true));
            self.tell_found(&mut yes, Binding::Value(Expr::Bool(true)));
            after.push(yes);
        }
        self.tell_found(&mut state, Binding::Value(Expr::Bool(false)));
        after.push(state);
        after
    }

    /// What FOUND says from here on, unless a variable has its name.
    pub(super) fn tell_found(&self, state: &mut State, value: Binding) {
        if !self.shadows_found {
            state.frame.names.bind("found", value);
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
            if self.asks_found && !strict {
                // What FOUND decides is decided by the row, whether or not its value is used.
                yes.suppose(arm, Expr::Bool(true));
            }
            self.tell_found(&mut yes, Binding::Value(Expr::Bool(true)));
            after.push(yes);
        }
        if arms.is_empty() {
            let mut unknown = state;
            self.bind(names, &[], &mut unknown);
            let value = Expr::Opaque("whether rows were found".into());
            self.tell_found(&mut unknown, Binding::Value(value));
            return vec![unknown];
        }
        let always = arms
            .iter()
            .any(|arm| arm.rows.is_empty() && arm.conditions.is_empty());
        if strict || always {
            return after;
        }
        let mut no = state;
        let null = Arm {
            targets: vec![("?".into(), Expr::Null)],
            ..Arm::default()
        };
        for name in names {
            self.set(name, std::slice::from_ref(&null), &mut no);
        }
        self.tell_found(&mut no, Binding::Value(Expr::Bool(false)));
        after.push(no);
        after
    }

    pub(super) fn bind(&mut self, names: &[String], arms: &[Arm], state: &mut State) {
        if let [name] = names
            && !name.contains('.')
        {
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
            self.set(name, &one, state);
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
        let each = arms.iter().map(|arm| binding(std::slice::from_ref(arm)));
        return Binding::blend(&each.collect::<Vec<_>>());
    };
    let alone = arm.rows.is_empty() && arm.conditions.is_empty() && arm.inner.is_empty();
    let alone = alone && arm.calls.is_empty();
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
