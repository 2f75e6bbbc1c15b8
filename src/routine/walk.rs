//! Walks a body: every branch a path, every variable what was put into it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use squawk_syntax::{SyntaxNode, ast};

use super::body::{Body, body};
use super::called::{names_its_own, parameters, unread};
use super::known::{Followed, Open};
use super::state::{Account, State};
use crate::catalog::{Function, Oid, Relation};
use crate::predicate::Expr;
use crate::query::{Arm, Binding, Effect, Frame, Names, Reader, Stored, Use, argument};
use crate::tenancy::Tenancy;

/// Paths through one body beyond which it is not followed.
pub(super) const MAX_PATHS: usize = 48;

/// Walks the bodies of routines over one snapshot.
pub struct Walker<'a> {
    pub(super) tenancy: &'a Tenancy<'a>,
    /// Reads their statements.
    pub reader: Reader<'a>,
    /// The functions that are being walked, the innermost last.
    pub(super) open: RefCell<Vec<Open>>,
    /// Calls that were followed before.
    pub(super) followed: RefCell<Followed>,
    /// What functions in FROM did besides returning rows, since it was last asked.
    pub(super) beside: RefCell<Vec<Rc<Account>>>,
}

impl<'a> Walker<'a> {
    /// A walker for that tenancy.
    pub fn new(tenancy: &'a Tenancy<'a>) -> Self {
        Self {
            tenancy,
            reader: Reader::new(tenancy),
            open: RefCell::default(),
            followed: RefCell::default(),
            beside: RefCell::default(),
        }
    }

    /// A frame for a role that calls something, with the path that an application usually has.
    pub fn frame(&self, role: Oid) -> Frame {
        let mut path = self.tenancy.settings.tenancy.schemas.clone();
        if !path.iter().any(|schema| schema == "public") {
            path.push("public".into());
        }
        Frame::new(role, path)
    }

    /// What a call by `role` does, whatever it passes.
    pub fn called(&self, function: &Function, role: Oid) -> Account {
        self.call(function, Vec::new(), &self.frame(role)).whole()
    }

    /// Every way through a view that `frame` reads.
    ///
    /// # Errors
    /// Why its query is not followed.
    pub fn view(&self, view: &Relation, frame: &Frame) -> Result<Vec<Arm>, String> {
        let arms = self.reader.view(view, frame, self);
        // What the functions in its FROM did besides is theirs, not the next statement's.
        self.beside.borrow_mut().clear();
        arms
    }

    /// The functions that the results of a query call, each with what it does there.
    pub fn calls(&self, arm: &Arm, frame: &Frame) -> Vec<(&'a Function, Account)> {
        let mut found = Vec::new();
        let mut calls = Vec::new();
        for value in arm.targets.iter().map(|(_, value)| value).chain(&arm.calls) {
            value.walk(&mut |part| {
                if let Expr::Call(name, arguments) = part {
                    calls.push((name.clone(), arguments.clone()));
                }
                true
            });
        }
        for (name, arguments) in calls {
            for function in self.reader.functions(frame, &name, arguments.len()) {
                let bound = arguments.iter().map(|value| argument(value.clone(), arm));
                let account = self.call(function, bound.collect(), frame);
                found.push((function, account.whole()));
            }
        }
        found
    }

    /// What a call comes to, its parameters left as they are.
    pub fn computed(&self, function: &Function) -> Account {
        let arguments = (0..parameters(function).len())
            .map(|at| Binding::Value(Expr::Parameter(at)))
            .collect();
        self.call(function, arguments, &self.frame(0)).whole()
    }

    /// What a call does, from inside `caller`.
    pub(super) fn call(
        &self,
        function: &Function,
        arguments: Vec<Binding>,
        caller: &Frame,
    ) -> Rc<Account> {
        let mut frame = self.inside(function, caller);
        let mut names = Names::default();
        for (at, name) in parameters(function).into_iter().enumerate() {
            let given = arguments.get(at).cloned().unwrap_or_else(|| {
                let shown = match name.is_empty() {
                    true => format!("${}", at + 1),
                    false => name.clone(),
                };
                Binding::Value(Expr::Argument(shown))
            });
            names.bind(&format!("${}", at + 1), given.clone());
            if !name.is_empty() {
                names.bind(&format!("{}.{name}", function.name), given.clone());
                names.bind(&name, given);
            }
        }
        frame.names = names;
        self.follow_into(function, frame)
    }

    /// The frame of a function's body: SECURITY DEFINER runs as the owner.
    pub(super) fn inside(&self, function: &Function, caller: &Frame) -> Frame {
        let role = match function.security_definer {
            true => function.owner,
            false => caller.caller,
        };
        let path = function
            .config
            .iter()
            .find_map(|setting| setting.strip_prefix("search_path="))
            .map(|path| {
                path.split(',')
                    .map(|schema| schema.trim().trim_matches('"').to_owned())
                    .filter(|schema| !schema.is_empty())
                    .collect()
            })
            .unwrap_or_else(|| caller.path.clone());
        let mut frame = Frame::new(role, path);
        frame.depth = caller.depth + 1;
        frame.context = caller.context.clone();
        frame.made = caller.made.clone();
        frame
    }

    /// What a body does, and the functions around it that it would have gone into again.
    pub(super) fn walk(&self, function: &Function, frame: Frame) -> (Account, BTreeSet<Oid>) {
        let mut account = Account::default();
        self.open.borrow_mut().push(Open {
            function: function.oid,
            cuts: BTreeSet::new(),
        });
        self.body(function, frame, &mut account);
        let mut open = self.open.borrow_mut();
        let mut cuts = open.pop().map(|one| one.cuts).unwrap_or_default();
        if let Some(around) = open.last_mut() {
            cuts.remove(&function.oid);
            around.cuts.extend(&cuts);
        }
        (account, cuts)
    }

    fn body(&self, function: &Function, mut frame: Frame, account: &mut Account) {
        let context = &self.tenancy.settings.tenancy.context;
        let own = |setting: &String| {
            setting
                .split_once('=')
                .filter(|(name, _)| name.eq_ignore_ascii_case(context))
                .map(|(_, value)| Expr::Literal(value.to_owned()))
        };
        // SET in the definition lasts for the call.
        let fixed = function.config.iter().find_map(own);
        if let Some(fixed) = &fixed
            && *fixed != Expr::Literal(String::new())
        {
            frame.context = Some(fixed.clone());
        }
        if let Some(reason) = names_its_own(&function.name).filter(|_| function.of_extension) {
            account.doubt(reason);
            return;
        }
        let Some(body) = body(function) else {
            if let Some(reason) = unread(function) {
                account.doubt(reason);
            }
            return;
        };
        match &body {
            Body::Statements(statements) => self.statements(statements, (frame, function), account),
            Body::Block { block, into } => {
                let mut walk = super::step::Walk::new(self, function, into, account);
                let ended = walk.block(block, vec![State::new(frame)]);
                walk.end(&ended);
            }
        }
        if fixed.is_some() {
            account.left_switched = false;
        }
    }

    /// A body in SQL: what its last statement returns is what it returns.
    fn statements(
        &self,
        statements: &[SyntaxNode],
        (frame, function): (Frame, &Function),
        account: &mut Account,
    ) {
        let returns = self.tenancy.snapshot.types.get(&function.returns);
        let void = returns.is_some_and(|ty| ty.name == "void");
        let mut state = State::new(frame);
        for (at, statement) in statements.iter().enumerate() {
            let last = at + 1 == statements.len() && !void;
            let shown = self.run(statement, &mut state, account);
            for arm in shown {
                self.follow(&arm, &mut state, account, last);
                if last {
                    account.shown.push(state.showing(&arm));
                }
            }
        }
        account.left_switched |= state.frame.context.is_some() && state.worked_switched;
    }

    /// Runs one statement of SQL; what it returns.
    pub(super) fn run(
        &self,
        statement: &SyntaxNode,
        state: &mut State,
        account: &mut Account,
    ) -> Vec<Arm> {
        if super::utility::run(self, statement, state, account) {
            return Vec::new();
        }
        let effect = self.reader.statement(statement, &state.frame, self);
        self.effect(effect, state, account)
    }

    /// What an expression of PL/pgSQL is worth.
    pub(super) fn expression(
        &self,
        expr: &ast::PlpgsqlExpr,
        state: &mut State,
        account: &mut Account,
    ) -> Vec<Arm> {
        let effect = self.reader.expression(expr, &state.frame, self);
        self.effect(effect, state, account)
    }

    /// Takes note of what a statement did; what it returns.
    fn effect(&self, effect: Effect, state: &mut State, account: &mut Account) -> Vec<Arm> {
        for called in self.beside.borrow_mut().drain(..) {
            account.absorb(&called);
        }
        for stored in &effect.stored {
            state.worked_switched |= state.frame.context.is_some();
            if stored.relation.is_none() {
                super::utility::store(stored, state);
            } else {
                let arm = state.under(&stored.arm);
                account.stored.push(Stored {
                    arm,
                    ..stored.clone()
                });
            }
        }
        for reason in &effect.unknown {
            account.doubt(reason);
        }
        for change in effect.uses {
            state.worked_switched |= state.frame.context.is_some();
            let arm = state.under(&change.arm);
            account.changes.push(Use { arm, ..change });
        }
        if effect.shown.iter().any(|arm| !arm.rows.is_empty()) {
            state.worked_switched |= state.frame.context.is_some();
        }
        effect.shown
    }

    /// Goes into the functions that an arm's results and conditions call.
    pub(super) fn follow(&self, arm: &Arm, state: &mut State, account: &mut Account, shown: bool) {
        let mut calls: Vec<(String, Vec<Expr>, bool)> = Vec::new();
        let mut collect = |expr: &Expr, in_result: bool| {
            expr.walk(&mut |part| {
                if let Expr::Call(name, arguments) = part {
                    calls.push((name.clone(), arguments.clone(), in_result));
                }
                true
            });
        };
        let mut waiting = vec![arm];
        while let Some(arm) = waiting.pop() {
            arm.targets
                .iter()
                .for_each(|(_, value)| collect(value, true));
            arm.calls.iter().for_each(|call| collect(call, true));
            arm.conditions
                .iter()
                .for_each(|condition| collect(condition, false));
            waiting.extend(&arm.inner);
        }
        let mut taken: HashSet<*const Use> = HashSet::new();
        for (name, arguments, in_result) in calls {
            if super::utility::switches(self, &name, &arguments, state) {
                continue;
            }
            if let Some(reason) = names_its_own(&name) {
                account.doubt(reason);
                continue;
            }
            for function in self.reader.functions(&state.frame, &name, arguments.len()) {
                let bound = arguments.iter().map(|value| argument(value.clone(), arm));
                let called = self.call(function, bound.collect(), &state.frame);
                account.absorb(&called);
                if !(shown && in_result) {
                    continue;
                }
                // The same call twice, or two that come to the same in the end.
                let mut new = |one: &&Rc<Use>| taken.insert(Rc::as_ptr(one));
                for one in called.shown.iter().filter(|one| new(one)) {
                    account.shows(one, state);
                }
            }
        }
    }
}
