//! Writing through views: what goes in, changes or disappears in the tables below.
//!
//! A view is written as its owner, whom the tables' policies may not bind, through its own query,
//! INSTEAD OF triggers or rules. Each attack runs in an administrator's transaction as the
//! application's role, and the administrator compares B's rows before and after it.

mod meter;
mod statements;

use std::collections::BTreeSet;

use anyhow::Result;

use super::arena::{Arena, As};
use super::canary::Nursery;
use super::channel::Channel;
use super::evidence::{self, Scene};
use super::ledger::Ledger;
use super::login::set_role;
use super::rights::Rights;
use super::rows::Cell;
use super::stage::Stage;
use super::world::World;
use crate::catalog::{Oid, Relation, RelationKind, Snapshot};
use crate::finding::{Class, Finding, Operation, Severity};
use crate::session::quote;
use meter::{Measured, Meter};
use statements::{Aim, Attack, Kind, Side};

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-view-write",
    title: "writing through a view reaches another organization's rows",
    tries: "INSERT of a row for B, INSERT … ON CONFLICT with B's key, UPDATE and DELETE of B's row, of \
            A's row into B's, and without a condition, through the view as A; the administrator compares \
            B's rows in the tables below before and after, and what B or A itself may do must show there",
    why: "a view writes as its owner; its conditions bind what is read through it, and without WITH CHECK \
          OPTION not what is written. INSTEAD OF triggers and rules write what they like",
    class: Class::View,
    severity: Severity::Critical,
};

/// What the application may do through the view, at least on some columns.
pub(super) fn operations(relation: &Relation, rights: &Rights) -> Vec<Operation> {
    if relation.kind != RelationKind::View {
        return Vec::new();
    }
    // `pg_relation_is_updatable` and `pg_trigger.tgtype` number the commands differently.
    let able = |updatable: i32, fires: i16, rule: char| {
        relation.updatable & updatable != 0
            || relation.rules.iter().any(|found| found.event == rule)
            || relation.triggers.iter().any(|trigger| {
                trigger.enabled != 'D' && trigger.flags & 64 != 0 && trigger.flags & fires != 0
            })
    };
    [
        (Operation::Insert, rights.inserts_any(), able(8, 4, '3')),
        (Operation::Update, rights.updates_any(), able(4, 16, '2')),
        (Operation::Delete, rights.deletes(), able(16, 8, '4')),
    ]
    .into_iter()
    .filter(|(_, granted, able)| *granted && *able)
    .map(|(operation, ..)| operation)
    .collect()
}

/// Every write through one view; how many statements were tried.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    relation: &Relation,
    ledger: &mut Ledger,
) -> Result<usize> {
    let mut operations = operations(relation, stage.world.rights_on(relation.oid));
    let below = below(stage.world, relation);
    if operations.is_empty() || below.is_empty() {
        return Ok(0);
    }
    let name = relation.qualified();
    let places: Vec<Oid> = below.iter().copied().chain([relation.oid]).collect();
    operations.retain(|operation| match may(stage.world, *operation, &places) {
        Ok(()) => true,
        Err(why) => {
            ledger.unproven(&name, *operation, format!("not attacked: {why}"));
            false
        }
    });
    if operations.is_empty() {
        return Ok(0);
    }
    let refuse = |ledger: &mut Ledger, why: &str| {
        for operation in &operations {
            ledger.unproven(&name, *operation, why.to_owned());
        }
    };
    let (meter, large) = Meter::of((stage.world, stage.eye), below.iter().copied()).await?;
    if meter.is_empty() {
        refuse(
            ledger,
            "what a write does to the tables below cannot be measured: they are large, or the \
             administrator may not read them",
        );
        return Ok(0);
    }
    let base = base(stage.world, relation, &below);
    let session = stage.admin().await?;
    let (staged, attempts) = Arena::rolled_back(session, stage.arena("", false), async |arena| {
        arena.prologue = stage.prologue();
        let aim = match aim(stage, arena, (relation, base, &meter)).await? {
            Ok(aim) => aim,
            Err(why) => return Ok(Err(why)),
        };
        let mut view = View {
            aim: Aim {
                whole: large == 0,
                ..aim
            },
            meter: &meter,
            ledger: &mut *ledger,
        };
        for operation in &operations {
            view.operation(arena, *operation).await?;
        }
        Ok(Ok(()))
    })
    .await?;
    if let Err(why) = staged {
        refuse(ledger, &why);
    }
    Ok(attempts)
}

/// Whether this may be done to the view and to the tables below it, with what their triggers do.
fn may<'w>(
    world: &'w World<'_>,
    operation: Operation,
    places: &[Oid],
) -> std::result::Result<(), &'w str> {
    places.iter().try_for_each(|oid| world.may(operation, *oid))
}

/// What the statements aim at: a row of A's and one of B's in the table below. The error is why
/// there is none, or why what becomes of them cannot be told.
async fn aim<'s, 'w>(
    stage: &'s Stage<'_, 'w>,
    arena: &mut Arena<'_>,
    (relation, base, meter): (&'s Relation, Oid, &Meter<'_, '_>),
) -> Result<Result<Aim<'s, 'w>, String>> {
    let world = stage.world;
    let mut nursery = Nursery::new(world, stage.eye, &stage.cast.made_up);
    let mut rows = Vec::new();
    for organization in [&world.a, &world.b] {
        match nursery.provide(arena, (base, organization)).await? {
            Ok((row, _)) => rows.push(row),
            Err(why) => return Ok(Err(why)),
        }
    }
    if let Err(why) = meter.works(arena).await? {
        let why = format!("what a write does to the tables below cannot be measured: {why}");
        return Ok(Err(why));
    }
    let mut sides = Vec::new();
    for (row, organization) in rows.into_iter().zip([&world.a, &world.b]) {
        let seen = seen(world, arena, (relation, organization)).await?;
        sides.push(Side { row, seen });
    }
    let (Some(b), Some(a)) = (sides.pop(), sides.pop()) else {
        return Ok(Err("there are no rows to aim at".to_owned()));
    };
    let base = &world.tenancy.snapshot.relations[&base];
    Ok(Ok(Aim {
        world,
        relation,
        rights: world.rights_on(relation.oid),
        base,
        map: statements::pairs(relation, base),
        a,
        b,
        whole: false,
    }))
}

/// What an organization reads through the view: one row, by column.
async fn seen(
    world: &World<'_>,
    arena: &mut Arena<'_>,
    (relation, organization): (&Relation, &str),
) -> Result<Vec<Cell>> {
    let rights = world.rights_on(relation.oid);
    let columns: Vec<&str> = relation
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|name| rights.may_select(name))
        .collect();
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let list: Vec<String> = columns
        .iter()
        .map(|name| format!("{}::text", quote::ident(name)))
        .collect();
    let sql = format!(
        "select {} from {} limit 1",
        list.join(", "),
        relation.qualified()
    );
    let role = set_role(world.app_role());
    let steps = [
        (As::Unset, role.as_str()),
        (As::Context(organization), sql.as_str()),
    ];
    let reply = arena.script(&steps).await?;
    let row = reply.rows().first().cloned().unwrap_or_default();
    let cells = columns.into_iter().zip(row).map(|(column, value)| Cell {
        column: column.to_owned(),
        value,
    });
    Ok(cells.collect())
}

/// One view under attack.
struct View<'v, 'w> {
    aim: Aim<'v, 'w>,
    meter: &'v Meter<'v, 'w>,
    ledger: &'v mut Ledger,
}

impl View<'_, '_> {
    async fn operation(&mut self, arena: &mut Arena<'_>, operation: Operation) -> Result<()> {
        let name = self.aim.relation.qualified();
        let (a, b) = (self.aim.world.a.clone(), self.aim.world.b.clone());
        let mut stopped = None;
        let attacks = self.aim.attacks(operation);
        for attack in &attacks {
            for who in attack.contexts(self.aim.world) {
                match self.meter.around(arena, &b, (who, &attack.sql)).await? {
                    Measured::Changed => {
                        self.report(arena, operation, (who, attack));
                        return Ok(());
                    }
                    Measured::Same => self.ledger.held(&name, operation),
                    Measured::Refused(refused) if refused.timed_out() => {
                        let why = format!("an attack did not come to an end: {}", refused.text);
                        self.ledger.unproven(&name, operation, why);
                    }
                    // By a constraint that a row of B's is in: it had been reached.
                    Measured::Refused(refused)
                        if attack.kind == Kind::NamesB && refused.passed_policy() =>
                    {
                        self.report(arena, operation, (who, attack));
                        return Ok(());
                    }
                    // Before the view's own check was asked.
                    Measured::Refused(refused)
                        if attack.kind == Kind::New && refused.state.starts_with("23") =>
                    {
                        stopped.get_or_insert(refused.text);
                    }
                    Measured::Refused(_) => self.ledger.held(&name, operation),
                }
            }
        }
        let unasked = operation == Operation::Insert && stopped.is_some();
        for control in self.aim.controls(operation) {
            let whose = if control.as_b { &b } else { &a };
            let who = As::Context(whose);
            let measured = self.meter.around(arena, whose, (who, &control.sql)).await?;
            match measured {
                Measured::Same => {}
                // A row that a constraint keeps from being deleted had been reached, and one that it
                // keeps from being inserted the policies had let through.
                Measured::Refused(refused) if unasked || !refused.passed_policy() => {
                    stopped.get_or_insert(refused.text);
                }
                Measured::Changed | Measured::Refused(_) => {
                    self.conclude(operation, stopped);
                    return Ok(());
                }
            }
        }
        let why = stopped.map_or_else(String::new, |why| format!(": {why}"));
        let word = operation.word();
        self.ledger.unproven(
            &name,
            operation,
            format!("no organization can {word} rows of its own through it either{why}"),
        );
        Ok(())
    }

    /// The control worked: what does the silence of the attacks say?
    fn conclude(&mut self, operation: Operation, stopped: Option<String>) {
        let name = self.aim.relation.qualified();
        if let (Some(why), Operation::Insert) = (stopped, operation) {
            let why = format!("a constraint came before the view's own check: {why}");
            self.ledger.unproven(&name, operation, why);
        } else if !self.aim.whole && operation != Operation::Insert {
            let what = "statements without a condition were not tried: a table below is large";
            self.ledger.note(&name, operation, what.to_owned());
        }
    }

    fn report(
        &mut self,
        arena: &Arena<'_>,
        operation: Operation,
        (who, attack): (As<'_>, &Attack),
    ) {
        let world = self.aim.world;
        let name = self.aim.relation.qualified();
        let owner = world.tenancy.snapshot.role_name(self.aim.relation.owner);
        // What the administrator looks at afterwards, to see it.
        let shown = self.meter.shown(&world.b);
        let mut steps = vec![
            (who, attack.sql.as_str()),
            (As::Unset, "set local role none"),
        ];
        steps.extend(shown.iter().map(|sql| (As::Unset, sql.as_str())));
        let scene = Scene {
            context: world.context(),
            role: world.app_role(),
            prologue: &arena.prologue,
            as_login: false,
        };
        let verb = operation.word();
        let finding = Finding {
            check: CHANNEL.id.to_owned(),
            class: CHANNEL.class,
            severity: CHANNEL.severity,
            object: name.clone(),
            message: format!("view {name}: {}", attack.means),
            path: vec![
                world.app_role().to_owned(),
                format!("{} on {name}", verb.to_uppercase()),
                format!("as its owner {owner}"),
            ],
            evidence: Some(evidence::script(&scene, &steps)),
            fix: self.fix(),
        };
        self.ledger.leak(Some(operation), finding);
    }

    /// Only what is updatable by itself and filters can be checked by the view.
    fn fix(&self) -> Option<String> {
        let relation = self.aim.relation;
        let itself = relation.updatable != 0 && relation.triggers.is_empty();
        (itself && relation.check_option.is_none()).then(|| {
            format!(
                "ALTER VIEW {} SET (check_option = cascaded);",
                relation.qualified()
            )
        })
    }
}

/// The tenant tables that a write may reach: those that the view's query, its rules and the bodies of
/// its triggers name, through views of views.
fn below(world: &World<'_>, relation: &Relation) -> BTreeSet<Oid> {
    let snapshot: &Snapshot = world.tenancy.snapshot;
    let mut seen = BTreeSet::from([relation.oid]);
    let mut found = BTreeSet::new();
    let mut todo = vec![relation.oid];
    while let Some(oid) = todo.pop() {
        let Some(next) = snapshot.relations.get(&oid) else {
            continue;
        };
        let by_rules = next.rules.iter().flat_map(|rule| rule.refers_to.clone());
        let bodies = next.triggers.iter().filter_map(|trigger| {
            let function = snapshot.functions.get(&trigger.function)?;
            Some(function.body.as_str())
        });
        let by_triggers = bodies.flat_map(|body| named_in(world, body));
        for oid in by_rules.chain(by_triggers) {
            if world.tenancy.tables.contains_key(&oid) {
                found.insert(oid);
            } else if seen.insert(oid) {
                todo.push(oid);
            }
        }
    }
    found
}

/// Tenant tables whose name stands in a text.
fn named_in(world: &World<'_>, body: &str) -> Vec<Oid> {
    let tables = world.tenancy.tables.keys().copied();
    tables
        .filter(|oid| {
            let relation = &world.tenancy.snapshot.relations[oid];
            super::attacks::mentions(body, &relation.name)
        })
        .collect()
}

/// The table whose rows the view's most resemble.
fn base(world: &World<'_>, relation: &Relation, below: &BTreeSet<Oid>) -> Oid {
    let shared = |oid: &Oid| {
        let table = &world.tenancy.snapshot.relations[oid];
        let same = relation.columns.iter();
        same.filter(|column| table.column(&column.name).is_some())
            .count()
    };
    let best = below.iter().max_by_key(|oid| (shared(oid), **oid));
    best.copied().unwrap_or(relation.oid)
}
