//! As whom views read, and what their callers would need instead.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::mark::Place;
use super::super::work::Desk;
use crate::catalog::{Oid, Privilege, Relation, Role, Snapshot};
use crate::finding::Operation;
use crate::paths::{Access, Powers, routes};
use crate::predicate::{Answer, Need, Prover};
use crate::role::grants::{self, Grant};
use crate::session::quote::ident;
use crate::tenancy::Tenancy;

/// Reasons about one application role, in catalogs whose tables are isolated.
pub(super) struct Readers<'t> {
    tenancy: &'t Tenancy<'t>,
    powers: Powers,
    /// What `apply` itself grants.
    granted: OnceCell<Vec<Grant>>,
    provers: RefCell<BTreeMap<Oid, Rc<Prover<'t>>>>,
}

impl<'t> Readers<'t> {
    pub(super) fn new(tenancy: &'t Tenancy<'t>, app: &Role) -> Self {
        Self {
            tenancy,
            powers: Powers::of(tenancy.snapshot, app.oid),
            granted: OnceCell::new(),
            provers: RefCell::default(),
        }
    }

    fn prover(&self, role: Oid) -> Rc<Prover<'t>> {
        let mut provers = self.provers.borrow_mut();
        let prover = provers.entry(role).or_insert_with(|| {
            let held = Powers::of(self.snapshot(), role).held;
            Rc::new(Prover::new(self.tenancy, role, held).in_session_of(self.powers.role))
        });
        Rc::clone(prover)
    }

    fn snapshot(&self) -> &'t Snapshot {
        self.tenancy.snapshot
    }

    /// The views on the way down, this one among them, that read a tenant table as somebody other than
    /// the caller whom its policies do not keep to the context; or, for those that are `starving`,
    /// whom they let see nothing at all.
    pub(super) fn past(&self, view: &Relation, starving: bool) -> BTreeSet<Oid> {
        routes(self.snapshot(), view, self.powers.role, |_| 0)
            .into_iter()
            .filter(|route| route.as_role != self.powers.role)
            .filter(|route| {
                let tenant = self.tenancy.tables.contains_key(&route.target);
                let target = self.snapshot().relations.get(&route.target);
                tenant && target.is_some_and(|target| self.is_past(route.as_role, target, starving))
            })
            .filter_map(|route| route.through.last().copied())
            .collect()
    }

    fn is_past(&self, role: Oid, table: &Relation, starving: bool) -> bool {
        let prover = self.prover(role);
        if prover.unfiltered(table).is_some() {
            return !starving;
        }
        match prover.judge(table, Need::Select) {
            Answer::Proved(_) => false,
            Answer::Denied => starving,
            Answer::Leaking(_) | Answer::Unproven(_) => !starving,
        }
    }

    /// The GRANTs without which the application could not use `view` once these views read with the
    /// rights of their caller. What `apply` itself grants counts as held.
    pub(super) fn lacking(
        &self,
        desk: Desk<'_, '_>,
        view: &Relation,
        readers: &BTreeSet<Oid>,
    ) -> Vec<String> {
        let snapshot = self.snapshot();
        let used = self.used(view);
        let granted = self.granted.get_or_init(|| {
            let app = desk.tenancy.app;
            app.map_or_else(Vec::new, |app| grants::missing(desk.tenancy, app))
        });
        let mut lacking = Vec::new();
        let below = readers
            .iter()
            .filter_map(|reader| snapshot.relations.get(reader))
            .flat_map(|reader| below(snapshot, reader));
        for relation in below {
            let place = Place::relation(relation);
            let mut of_this = granted.iter().filter(|grant| grant.place == place);
            let wanted = of_this.next().map(|grant| grant.privileges.as_slice());
            let wanted = wanted.unwrap_or_default();
            let missing: Vec<&str> = used
                .iter()
                .filter(|what| {
                    !wanted.contains(&what.word()) && !self.powers.may(snapshot, relation, **what)
                })
                .map(|what| what.word())
                .collect();
            if !missing.is_empty() {
                let app = ident(snapshot.role_name(self.powers.role));
                let name = relation.qualified();
                lacking.push(format!("GRANT {} ON {name} TO {app}", missing.join(", ")));
            }
        }
        lacking
    }

    /// What the application does with a view, which it would have to be allowed below.
    fn used(&self, view: &Relation) -> Vec<Privilege> {
        let access = Access::of(self.snapshot(), &self.powers, view);
        let through = [
            (8, Operation::Insert, Privilege::Insert),
            (4, Operation::Update, Privilege::Update),
            (16, Operation::Delete, Privilege::Delete),
        ];
        let written = through
            .into_iter()
            .filter(|(bit, operation, _)| view.updatable & bit != 0 && access.allows(*operation))
            .map(|(_, _, privilege)| privilege);
        std::iter::once(Privilege::Select).chain(written).collect()
    }

    /// Why a view is to read as its caller, and for whom else that changes something.
    pub(super) fn because(&self, view: Oid, starving: bool) -> String {
        let snapshot = self.snapshot();
        let Some(view) = snapshot.relations.get(&view) else {
            return String::new();
        };
        let owner = ident(snapshot.role_name(view.owner));
        let mut text = match starving {
            false => format!("it reads as its owner {owner}, past the policies"),
            true => format!(
                "it reads as its owner {owner}, whom the policies let see nothing once they are forced"
            ),
        };
        let items = view.acl.as_deref().unwrap_or_default().iter();
        let others: BTreeSet<String> = items
            .filter(|item| item.grantee != view.owner && !self.powers.held.contains(&item.grantee))
            .map(|item| match item.grantee {
                0 => "PUBLIC".to_owned(),
                role => ident(snapshot.role_name(role)),
            })
            .collect();
        if !others.is_empty() {
            let others: Vec<String> = others.into_iter().collect();
            text.push_str(&format!(
                "; {} will read it with their own rights, too",
                others.join(", ")
            ));
        }
        text
    }
}

/// What a view's query refers to.
fn below<'s>(snapshot: &'s Snapshot, view: &'s Relation) -> impl Iterator<Item = &'s Relation> {
    view.rules
        .iter()
        .filter(|rule| rule.event == '1')
        .flat_map(|rule| &rule.refers_to)
        .filter(|oid| **oid != view.oid)
        .filter_map(|oid| snapshot.relations.get(oid))
}
