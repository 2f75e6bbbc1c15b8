//! PL/pgSQL, statement by statement.

use std::collections::HashMap;
use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::body::{Into, statements};
use super::dynamic::template;
use super::fold::decided;
use super::state::{Account, State};
use super::walk::{MAX_PATHS, Walker};
use crate::predicate::Expr;
use crate::query::{Arm, Binding};

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
    fn returned(&mut self, state: &State) {
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

    fn declare(&mut self, decl: &ast::PlpgsqlDecl, state: &mut State) {
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

    fn body(&mut self, body: &ast::PlpgsqlBody, states: Vec<State>) -> Vec<State> {
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
            S::PlpgsqlLoopStmt(inner) => return self.repeat(inner.body(), state),
            S::PlpgsqlWhileStmt(inner) => return self.repeat(inner.body(), state),
            S::PlpgsqlForIStmt(inner) => {
                self.loose(inner.vars(), &mut state);
                return self.repeat(inner.body(), state);
            }
            S::PlpgsqlForEachStmt(inner) => {
                self.each(inner, &mut state);
                return self.repeat(inner.body(), state);
            }
            S::PlpgsqlForQueryStmt(inner) => {
                let arms = inner
                    .query()
                    .map(|query| self.run(query.syntax(), &mut state))
                    .unwrap_or_default();
                return self.rows(inner.vars(), arms, inner.body(), state);
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
                return self.rows(inner.vars(), arms, inner.body(), state);
            }
            S::PlpgsqlForDynStmt(inner) => {
                let arms = self.dynamic(inner.query(), inner.using_clause(), &mut state);
                return self.rows(inner.vars(), arms, inner.body(), state);
            }
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

    /// `v := value`; a sub-select alone is as INTO, and a part of a record is not followed.
    fn assignment(&mut self, assign: &ast::PlpgsqlAssignStmt, mut state: State) -> Vec<State> {
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

    fn run(&mut self, statement: &SyntaxNode, state: &mut State) -> Vec<Arm> {
        let arms = self.walker.run(statement, state, self.account);
        for arm in &arms {
            self.walker.follow(arm, state, self.account, false);
        }
        arms
    }

    /// The ways to the value of an expression; a sub-select alone is a query.
    fn value(&mut self, expr: &ast::PlpgsqlExpr, state: &mut State) -> Vec<Arm> {
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

    fn shown(&mut self, arms: &[Arm], state: &mut State) {
        for arm in arms {
            self.walker.follow(arm, state, self.account, true);
            let reads = !arm.rows.is_empty() || !arm.inner.is_empty();
            state.worked_switched |= reads && state.frame.context.is_some();
            self.account.shown.push(state.showing(arm));
        }
    }

    /// RETURN and RETURN NEXT without an expression: what was put into the output columns.
    fn outputs(&mut self, state: &State) {
        let names: Vec<String> = state.frame.names.names().cloned().collect();
        for name in names {
            if let Some(Binding::Record(record)) = state.frame.names.get(&name) {
                self.account.shown.push(state.showing(record));
            }
        }
    }

    fn choice(&mut self, choice: &ast::PlpgsqlIfStmt, state: State) -> Vec<State> {
        let mut arms = vec![(choice.cond(), choice.then_body())];
        arms.extend(choice.elsifs().map(|elsif| (elsif.cond(), elsif.body())));
        let (mut after, mut rest) = (Vec::new(), vec![state]);
        for (condition, body) in arms {
            let (Some(condition), Some(body)) = (condition, body) else {
                continue;
            };
            let mut next = Vec::new();
            for mut state in rest {
                let value = self.condition(&condition, &mut state);
                let known = decided(&value.1);
                if known != Some(false) {
                    let mut inside = state.clone();
                    if known.is_none() && !is_unknown(&value.1) {
                        self.told(&value, &body, &inside);
                        inside.suppose(&value.0, value.1.clone());
                    }
                    after.extend(self.body(&body, vec![inside]));
                }
                if known != Some(true) {
                    if known.is_none() && !is_unknown(&value.1) {
                        let not = Expr::Not(Box::new(Expr::IsTrue(Box::new(value.1))));
                        state.suppose(&value.0, not);
                    }
                    next.push(state);
                }
            }
            rest = next;
        }
        match choice.else_clause().and_then(|clause| clause.body()) {
            Some(body) => after.extend(self.body(&body, rest)),
            None => after.extend(rest),
        }
        after
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

    fn case(&mut self, case: &ast::PlpgsqlCaseStmt, state: &State) -> Vec<State> {
        let mut after = Vec::new();
        for when in case.whens() {
            if let Some(body) = when.body() {
                after.extend(self.body(&body, vec![state.clone()]));
            }
        }
        match case.else_clause().and_then(|clause| clause.body()) {
            Some(body) => after.extend(self.body(&body, vec![state.clone()])),
            None => after.push(state.clone()),
        }
        after
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

    fn leave(&mut self, statement: &SyntaxNode, state: State) -> Vec<State> {
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

    /// EXECUTE of a text that can be read.
    fn dynamic(
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
        let literals = literals
            .into_iter()
            .map(|value| crate::query::argument(value, &arm));
        values.extend(literals);
        let Some(super::body::Body::Statements(statements)) = statements(&text) else {
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

    fn open(&mut self, open: &ast::PlpgsqlOpenStmt, state: &mut State) {
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

    fn cursor(&self, name: &SyntaxNode) -> Option<SyntaxNode> {
        self.cursors.get(&word(name)).cloned()
    }

    /// A statement's INTO, if it has one.
    fn keep(&mut self, statement: &SyntaxNode, arms: Vec<Arm>, state: State) -> Vec<State> {
        match Into::of(self.into, statement) {
            Some(into) => {
                let (names, strict) = (into.variables.clone(), into.strict);
                self.found(&names, strict, arms, state)
            }
            None => vec![state],
        }
    }

    /// INTO: with a row, or with NULLs where there was none.
    fn found(
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

    fn bind(&mut self, names: &[String], arms: &[Arm], state: &mut State) {
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
    fn forget(&self, node: &SyntaxNode, state: &mut State) {
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

/// Whether a condition is nothing but a variable that may hold anything: either branch is taken
/// some day.
fn is_unknown(condition: &Expr) -> bool {
    match condition {
        Expr::Opaque(text) => text.starts_with("variable "),
        Expr::Not(inner) => is_unknown(inner),
        _ => false,
    }
}

/// Paths through one turn of a loop that a second turn starts from.
const MAX_TURNS: usize = 8;

/// What a variable holds after the ways that lead to a value.
fn binding(arms: &[Arm]) -> Binding {
    let [arm] = arms else {
        return Binding::Unknown;
    };
    let alone = arm.rows.is_empty() && arm.conditions.is_empty() && arm.inner.is_empty();
    match arm.targets.as_slice() {
        [(_, value)] if alone => Binding::Value(value.clone()),
        _ => Binding::Record(Rc::new(arm.clone())),
    }
}

/// The sub-select that an expression is, if it is nothing else.
fn lone_query(expr: &ast::PlpgsqlExpr) -> Option<ast::SelectVariant> {
    let mut targets = expr.target_list()?.targets();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return None;
    };
    match target.expr()? {
        ast::Expr::ParenExpr(paren) => paren.syntax().children().find_map(ast::SelectVariant::cast),
        _ => None,
    }
}

fn targets_of(into: &ast::PlpgsqlIntoClause) -> Vec<String> {
    into.syntax()
        .descendants()
        .filter_map(ast::PlpgsqlIntoTarget::cast)
        .map(|target| word(target.syntax()))
        .collect()
}

/// A name as PL/pgSQL folds it.
fn word(node: &SyntaxNode) -> String {
    let text = node.text().to_string();
    text.trim().trim_matches('"').to_lowercase()
}
