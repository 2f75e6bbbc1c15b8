//! Other roles than the one whose statements are judged.

use std::rc::Rc;

use super::expr::Expr;
use super::{Prover, inline, subselect};
use crate::catalog::Oid;
use crate::paths::Powers;

impl<'a> Prover<'a> {
    /// The role that the session starts as; 0 while it does not exist.
    pub(super) fn session_role(&self) -> Oid {
        self.tenancy.app.map_or(0, |role| role.oid)
    }

    /// Who `current_user` is: the login, or whoever it has become.
    pub(super) fn current_user(&self) -> Option<&'a str> {
        let role = match self.session {
            0 => self.session_role(),
            role => role,
        };
        let known = self.tenancy.snapshot.roles.get(&role);
        known.map(|role| role.name.as_str())
    }

    /// The prover for a session that has become another role.
    pub fn in_session_of(mut self, role: Oid) -> Self {
        self.session = role;
        self
    }

    /// Whether this database has a function of that name itself.
    pub(super) fn is_own_function(&self, name: &str) -> bool {
        match name.contains('.') {
            true => self.functions.contains_key(name),
            false => self
                .functions
                .keys()
                .any(|known| known.rsplit('.').next() == Some(name)),
        }
    }

    pub(super) fn role_name(&self) -> &'a str {
        self.tenancy.snapshot.role_name(self.role)
    }

    /// The prover of another role; `None` for this one.
    pub(super) fn as_role(&self, role: Oid) -> Option<Rc<Self>> {
        if role == self.role {
            return None;
        }
        let known = self.others.borrow().get(&role).cloned();
        Some(known.unwrap_or_else(|| {
            let held = Powers::of(self.tenancy.snapshot, role).held;
            let prover = Rc::new(Self::new(self.tenancy, role, held).in_session_of(self.session));
            self.others.borrow_mut().insert(role, Rc::clone(&prover));
            prover
        }))
    }

    /// What the application's login is, and all that it may become.
    pub(super) fn writers(&self) -> Rc<[Powers]> {
        let all = self.writers.get_or_init(|| {
            let snapshot = self.tenancy.snapshot;
            let own = Powers::of(snapshot, self.session_role());
            let others: Vec<Powers> = own
                .becomes
                .keys()
                .map(|role| Powers::of(snapshot, *role))
                .collect();
            std::iter::once(own).chain(others).collect()
        });
        Rc::clone(all)
    }

    /// Whether a policy looks at tables, itself or in a function.
    pub(super) fn reads_table(&self, expr: &Expr) -> bool {
        let mut found = subselect::reads_table(expr);
        expr.walk(&mut |expr| {
            if let Expr::Call(name, arguments) = expr {
                found |= inline::may_read_table(self, name, arguments.len());
            }
            !found
        });
        found
    }
}
