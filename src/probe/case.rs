//! One tenant table under attack: what is aimed at, and what came of it.

use anyhow::Result;

use super::arena::{Arena, As};
use super::channel::Channel;
use super::evidence::{self, Scene};
use super::eye::Eye;
use super::ledger::Ledger;
use super::reply::Reply;
use super::rights::Rights;
use super::rows::{Cell, Recipe};
use super::specimen::{self, Specimen};
use super::world::World;
use crate::catalog::{Column, PolicyCommand, Relation};
use crate::finding::{Class, Finding, Operation, Severity};
use crate::session::quote;
use crate::tenancy::{Reach, TenantTable};

/// Everything that the attacks on one table share.
pub(super) struct Case<'c, 'w> {
    pub(super) world: &'c World<'w>,
    pub(super) eye: &'c Eye<'c>,
    pub(super) table: &'c TenantTable,
    pub(super) relation: &'c Relation,
    pub(super) rights: &'c Rights,
    /// The table's name as SQL and as the report spells it.
    pub(super) name: String,
    /// A row of the attacker's own.
    pub(super) a: Option<Specimen>,
    /// A row of the victim's.
    pub(super) b: Option<Specimen>,
    /// What the column that names the organization (or leads to the parent) holds in a row of A.
    pub(super) a_link: Option<String>,
    /// The same for B.
    pub(super) b_link: Option<String>,
    /// Why a row that is missing could not be made.
    pub(super) missing: Option<String>,
    /// How many rows the table has, counted no further than [`BLIND_LIMIT`] + 1.
    pub(super) rows: Option<u64>,
    pub(super) ledger: Ledger,
}

/// Writes that aim at no row in particular are only tried on tables with at most so many rows.
pub(super) const BLIND_LIMIT: u64 = 10_000;

/// What came through.
pub(super) struct Leak<'a> {
    pub(super) channel: &'static Channel,
    pub(super) class: Class,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) steps: &'a [(As<'a>, &'a str)],
}

impl<'c> Case<'c, '_> {
    pub(super) fn as_a(&self) -> As<'c> {
        As::Context(&self.world.a)
    }

    pub(super) fn as_b(&self) -> As<'c> {
        As::Context(&self.world.b)
    }

    /// The column that names the organization or leads to the parent.
    pub(super) fn link(&self) -> &'c Column {
        let number = match self.table.reach {
            Reach::Registry { column } | Reach::Key { column } | Reach::Via { column, .. } => {
                column
            }
        };
        // Tenancy took the number from this very relation.
        self.relation
            .attribute(number)
            .unwrap_or(&self.relation.columns[0])
    }

    /// Its name as SQL.
    pub(super) fn link_name(&self) -> String {
        quote::ident(&self.link().name)
    }

    pub(super) fn is_via(&self) -> bool {
        matches!(self.table.reach, Reach::Via { .. })
    }

    pub(super) fn reads_link(&self) -> bool {
        self.rights.may_select(&self.link().name)
    }

    /// The condition that names B's row.
    pub(super) fn b_row(&self) -> Option<String> {
        specimen::condition(self.relation, self.rights, self.b.as_ref()?)
    }

    /// The condition that names A's row.
    pub(super) fn a_row(&self) -> Option<String> {
        specimen::condition(self.relation, self.rights, self.a.as_ref()?)
    }

    pub(super) fn held(&mut self, operation: Operation) {
        self.ledger.held(&self.name, operation);
    }

    pub(super) fn held_because(&mut self, operation: Operation, why: impl Into<String>) {
        self.ledger.held_because(&self.name, operation, why.into());
    }

    pub(super) fn unproven(&mut self, operation: Operation, why: impl Into<String>) {
        self.ledger.unproven(&self.name, operation, why.into());
    }

    pub(super) fn leaks(&self, operation: Operation) -> bool {
        self.ledger.leaks(&self.name, operation)
    }

    /// Records what came through.
    pub(super) fn leak(&mut self, arena: &Arena<'_>, operation: Option<Operation>, leak: Leak<'_>) {
        let scene = Scene {
            context: self.world.context(),
            role: self.world.app_role(),
            prologue: &arena.prologue,
            as_login: self.world.as_login,
        };
        let script = evidence::script(&scene, leak.steps);
        self.leak_by(script, operation, leak);
    }

    /// The same, with statements of its own to repeat it.
    pub(super) fn leak_by(
        &mut self,
        evidence: String,
        operation: Option<Operation>,
        leak: Leak<'_>,
    ) {
        let finding = self.finding(evidence, operation, leak);
        self.ledger.leak(operation, finding);
    }

    fn finding(&self, evidence: String, operation: Option<Operation>, leak: Leak<'_>) -> Finding {
        let verb = operation.map_or("statements", Operation::word);
        Finding {
            check: leak.channel.id.to_owned(),
            class: leak.class,
            severity: leak.severity,
            object: self.name.clone(),
            message: leak.message,
            path: vec![
                self.world.app_role().to_owned(),
                format!("{} on {}", verb.to_uppercase(), self.name),
                self.why_open(),
            ],
            evidence: Some(evidence),
            fix: None,
        }
    }

    /// The last step of the path: why PostgreSQL let it through.
    fn why_open(&self) -> String {
        let role = self.world.tenancy.app;
        if role.is_some_and(|role| role.superuser) {
            "as a superuser, to whom no policy applies".to_owned()
        } else if role.is_some_and(|role| role.bypass_rls) {
            "with BYPASSRLS, to whom no policy applies".to_owned()
        } else if !self.relation.row_security {
            "row-level security is not enabled".to_owned()
        } else if self.world.exempt(self.relation) {
            "with the owner's rights, and row-level security is not forced".to_owned()
        } else {
            "its policies let it through".to_owned()
        }
    }

    /// The class of a leak through this table's policies; `otherwise` where they do apply.
    pub(super) fn class(&self, otherwise: Class) -> Class {
        match self.world.class_of(self.relation) {
            Class::Policy => otherwise,
            class => class,
        }
    }

    /// A new row that would belong to the organization whose link value is given.
    pub(super) fn new_row(
        &self,
        template: Option<&Specimen>,
        link: Option<&str>,
        salt: u32,
    ) -> Vec<Cell> {
        Recipe {
            snapshot: self.world.tenancy.snapshot,
            relation: self.relation,
            rights: Some(self.rights),
            template,
            pinned: vec![Cell {
                column: self.link().name.clone(),
                value: link.map(str::to_owned),
            }],
            rich: false,
            salt,
        }
        .row()
    }

    /// Whether a query of the administrator's finds a row; `None` where it may not look.
    pub(super) async fn admin_sees(&self, sql: &str) -> Result<Option<bool>> {
        let reply: Reply = self.eye.ask(sql).await?;
        Ok(reply.refused().is_none().then(|| !reply.rows().is_empty()))
    }

    /// Why an operation that nobody can do is held; `None` where somebody may.
    pub(super) fn nobody_may(&self, operation: Operation) -> Option<String> {
        let app = self.world.app_role();
        let (word, command, granted) = match operation {
            Operation::Select => ("SELECT", PolicyCommand::Select, self.rights.selects_any()),
            Operation::Insert => ("INSERT", PolicyCommand::Insert, self.rights.inserts_any()),
            Operation::Update => ("UPDATE", PolicyCommand::Update, self.rights.updates_any()),
            Operation::Delete => ("DELETE", PolicyCommand::Delete, self.rights.deletes()),
        };
        if !granted {
            return Some(format!("{app} has no {word} privilege"));
        }
        (!self.world.has_policy(self.relation, command))
            .then(|| format!("no permissive policy lets {app} {}", operation.word()))
    }

    /// Why there is no row of B's to aim at.
    pub(super) fn nothing_to_aim_at(&self) -> String {
        let none = "there is no row of another organization to aim at";
        match &self.missing {
            Some(why) => format!("{none}, and none could be made: {why}"),
            None => none.to_owned(),
        }
    }

    /// Whether writes are attacked at all; says so where they are not.
    pub(super) fn may_write(&mut self, operation: Operation) -> bool {
        match &self.world.writes {
            super::world::Writes::Allowed => true,
            super::world::Writes::Refused(why) => {
                let why = format!("not attacked: {why}");
                self.unproven(operation, why);
                false
            }
        }
    }

    /// Whether statements that aim at no row may be tried: the table is known to be small.
    pub(super) fn is_small(&self) -> bool {
        self.rows.is_some_and(|rows| rows <= BLIND_LIMIT)
    }

    /// Adds to the reason of a verdict, whatever the verdict is.
    pub(super) fn note(&mut self, operation: Operation, what: impl Into<String>) {
        self.ledger.note(&self.name, operation, what.into());
    }

    /// Whether triggers or rules may turn a write into something else.
    pub(super) fn is_rewritten(&self) -> bool {
        self.relation
            .triggers
            .iter()
            .any(|trigger| trigger.enabled != 'D' && trigger.flags & 2 != 0)
            || self.relation.rules.iter().any(|rule| rule.event != '1')
    }
}
