//! Functions that the application may call: with keys and values of the other organization's, with its id,
//! with wildcards and nothing.
//!
//! STABLE and IMMUTABLE ones are called in a read-only transaction, VOLATILE ones where that was asked for, in the
//! administrator's transaction, where it is seen what they change. What they return, raise and notify is searched for
//! the other organization's values; and in one snapshot, with a new row of the other organization's and without, an
//! answer that differs tells of that row. Silence counts where the other organization's own call does reach its rows,
//! or where the body, as an audit reads it, is pinned to the context.

mod arguments;
mod calls;
mod compare;
mod outside;
mod silence;
mod targets;
mod writes;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::channel::Channel;
use super::super::markers::{self, Markers};
use super::super::specimen;
use super::super::world::Writes;
use super::shown::{Shown, script};
use super::staged::Victims;
use super::{Collected, Stage};
use crate::audit;
use crate::catalog::Oid;
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};
use calls::Told;

pub(super) use calls::told;
pub(crate) use targets::{Target, targets};

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-function",
    title: "a function shows, changes or tells of another organization's rows",
    tries: "every function, procedure and aggregate that the application may call, with keys, values and the id of B's, wildcards, NULL, its defaults, and, where it puts SQL together, text that breaks out of it; STABLE and IMMUTABLE ones in a read-only transaction, VOLATILE ones with --call-volatile, none that reaches outside of the database. Rows, errors, notices and cursors are searched for B's values, B's rows are compared before and after, and so are the answers with a new row of B's and without",
    why: "a SECURITY DEFINER function reads as its owner, to whom other policies apply or none, and EXECUTE is PUBLIC's by default. Silence counts only where B's own call reaches B's rows, or where the body is pinned to the context",
    class: Class::Function,
    severity: Severity::Critical,
};

/// Tables whose rows are aimed at by one function.
const MOST_TABLES: usize = 4;
/// The calls of one function may take so long together: the likely arguments come first.
const PATIENCE: Duration = Duration::from_secs(20);

/// What calling one function came to.
#[derive(Debug, Default)]
pub(super) struct Attempted {
    calls: usize,
    /// The victim's own call reached a row of its own.
    control: bool,
    /// Why the calls say nothing.
    stopped: Option<String>,
    /// How long they took.
    spent: Duration,
}

impl Attempted {
    /// Whether no more calls are made, because they take long.
    fn is_tired(&self) -> bool {
        self.spent > PATIENCE
    }

    fn stop(&mut self, told: &Told) {
        let why = told.error.clone().unwrap_or_default();
        self.stopped = Some(format!("a call did not come to an end: {why}"));
    }
}

/// Calls one function in every way that is allowed.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    target: &Target<'_>,
    (session, collected): (&Session, &mut Collected),
) -> Result<()> {
    let tables = aimed_at(stage, target);
    if tables.is_empty() && target.reading.is_none() {
        return Ok(());
    }
    if let Some(why) = not_called(stage, target) {
        for row in target.doubts() {
            let why = format!("not called: {why}; {}", row.reason);
            collected.ledger.unproven(&row.object, row.operation, why);
        }
        return Ok(());
    }
    let mut attempted = Attempted::default();
    let signature = target.function.signature();
    if !target.is_volatile() {
        existing(
            stage,
            (target, &tables),
            (session, collected),
            &mut attempted,
        )
        .await?;
    }
    let open = |collected: &Collected| !collected.ledger.leaks_at_all(&signature);
    if open(collected) && stage.world.writes == Writes::Allowed && attempted.stopped.is_none() {
        compare::attack(stage, (target, &tables), collected, &mut attempted).await?;
    }
    if open(collected) && target.is_volatile() && attempted.stopped.is_none() {
        writes::attack(stage, (target, &tables), collected, &mut attempted).await?;
    }
    if open(collected) {
        silence::conclude(target, &attempted, &mut collected.ledger);
    }
    Ok(())
}

/// Why a function is not called; `None` where it is.
pub(super) fn not_called(stage: &Stage<'_, '_>, target: &Target<'_>) -> Option<String> {
    let snapshot = stage.world.tenancy.snapshot;
    if let Some(why) = outside::reason(snapshot, target) {
        return Some(why);
    }
    if !target.is_volatile() {
        return None;
    }
    if let Writes::Refused(why) = &stage.world.writes {
        return Some(format!("it is VOLATILE, and nothing is written: {why}"));
    }
    (!stage.setup.call_volatile).then(|| {
        "it is VOLATILE; --call-volatile calls it in a transaction that is rolled back".to_owned()
    })
}

/// Tenant tables whose rows are worth aiming at: those that the body, and what it calls, names.
fn aimed_at(stage: &Stage<'_, '_>, target: &Target<'_>) -> BTreeSet<Oid> {
    let tenancy = stage.world.tenancy;
    if let Some(reading) = &target.reading
        && !reading.touches.is_empty()
    {
        return few(stage, &reading.touches);
    }
    let (words, any) = audit::reach(tenancy.snapshot, target.function);
    let named = tenancy
        .by_name()
        .into_iter()
        .filter(|table| any || words.contains(&tenancy.relation(table).name.to_lowercase()));
    few(stage, &named.map(|table| table.oid).collect())
}

/// The first few, those with a name of their own in the configuration's schemas before partitions.
fn few(stage: &Stage<'_, '_>, tables: &BTreeSet<Oid>) -> BTreeSet<Oid> {
    let snapshot = stage.world.tenancy.snapshot;
    let registry = stage.world.tenancy.registry.oid;
    let mut sorted: Vec<Oid> = tables.iter().copied().collect();
    sorted.sort_by_key(|oid| {
        let relation = &snapshot.relations[oid];
        (
            relation.is_partition,
            *oid == registry,
            relation.qualified(),
        )
    });
    sorted.into_iter().take(MOST_TABLES).collect()
}

/// With rows that are there, as the attacker logs in.
async fn existing(
    stage: &Stage<'_, '_>,
    (target, tables): (&Target<'_>, &BTreeSet<Oid>),
    (session, collected): (&Session, &mut Collected),
    attempted: &mut Attempted,
) -> Result<()> {
    let mut victims = Victims {
        markers: collected.b.clone(),
        rows: Vec::new(),
    };
    let snapshot = stage.world.tenancy.snapshot;
    for oid in tables {
        let row = specimen::fetch(stage.eye, stage.world, *oid, &stage.world.b).await?;
        if let Some(row) = row {
            victims
                .markers
                .add(snapshot, &snapshot.relations[oid], &row);
            victims.rows.push((*oid, row));
        }
    }
    let opening = stage.attacker.opening.as_str();
    let ((), attempts) = Arena::rolled_back(session, stage.arena(opening, true), async |arena| {
        let mut trial = Trial {
            stage,
            target,
            victims: &victims,
            collected,
            attempted,
        };
        trial.search(arena).await
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

/// One function with the rows that it is tried with.
pub(super) struct Trial<'a, 's, 'w> {
    pub(super) stage: &'a Stage<'s, 'w>,
    pub(super) target: &'a Target<'w>,
    pub(super) victims: &'a Victims,
    pub(super) collected: &'a mut Collected,
    pub(super) attempted: &'a mut Attempted,
}

impl Trial<'_, '_, '_> {
    /// Calls it with everything; whether it told something.
    async fn search(&mut self, arena: &mut Arena<'_>) -> Result<()> {
        let world = self.stage.world;
        let mut first = true;
        for given in arguments::sets(self.target, world, &self.victims.rows) {
            if self.attempted.is_tired() {
                break;
            }
            let sql = calls::statement(self.target, &given);
            let mut contexts = vec![world.as_a()];
            if std::mem::take(&mut first) {
                contexts.push(As::Context(""));
            }
            for who in contexts {
                let told = self.once(arena, (who, &sql)).await?;
                self.attempted.calls += 1;
                if self.judge(arena, (who, &sql), &told).await? {
                    return Ok(());
                }
            }
            let theirs = self.once(arena, (world.as_b(), &sql)).await?;
            self.attempted.control |= self.recognised(&sql, &theirs.text()).await?.is_some();
        }
        Ok(())
    }

    /// One call; takes note of the time that it took.
    async fn once(&mut self, arena: &mut Arena<'_>, (who, sql): (As<'_>, &str)) -> Result<Told> {
        let began = Instant::now();
        let told = calls::call(arena, self.stage.world, (self.target, who, sql)).await;
        self.attempted.spent += began.elapsed();
        told
    }

    /// Whether an answer ends the matter.
    async fn judge(
        &mut self,
        arena: &Arena<'_>,
        (who, sql): (As<'_>, &str),
        told: &Told,
    ) -> Result<bool> {
        if told.timed_out {
            self.attempted.stop(told);
            return Ok(true);
        }
        if let Some((source, oid)) = self.recognised(sql, &told.text()).await? {
            if self.leaks_anyway(oid) {
                return Ok(false);
            }
            let returned = told.rows.iter().any(|row| self.victims_value(sql, row));
            let (severity, how) = match returned {
                true => (Severity::Critical, "returns"),
                false => (Severity::High, "says in a message"),
            };
            let message = format!("{how} another organization's {source}");
            self.leak(arena, (Operation::Select, severity, message), &[(who, sql)]);
            return Ok(true);
        }
        let world = self.stage.world;
        let left = told.context.as_deref() == Some(world.b.as_str());
        if left && matches!(who, As::Context(value) if value != world.b) && !sql.contains(&world.b)
        {
            let message = format!(
                "leaves {} at another organization: what the caller does next is done as that one",
                world.context()
            );
            self.leak(
                arena,
                (Operation::Select, Severity::High, message),
                &[(who, sql)],
            );
            return Ok(true);
        }
        Ok(false)
    }

    /// A function that works with its caller's own rights shows what the caller may read anyway.
    fn leaks_anyway(&self, oid: Oid) -> bool {
        let name = self.stage.world.tenancy.snapshot.relations[&oid].qualified();
        self.target.reading.is_none() && self.collected.ledger.leaks(&name, Operation::Select)
    }

    fn victims_value(&self, sql: &str, text: &str) -> bool {
        let mut found = self.victims.markers.within(text);
        found.any(|marker| !sql.contains(&marker.value))
    }

    /// Where a value came from that only the victim has and that was not passed.
    async fn recognised(&self, sql: &str, text: &str) -> Result<Option<(String, Oid)>> {
        let snapshot = self.stage.world.tenancy.snapshot;
        let markers: &Markers = &self.victims.markers;
        for marker in markers
            .within(text)
            .filter(|marker| !sql.contains(&marker.value))
        {
            if markers::is_unique(self.stage.eye, snapshot, marker).await? {
                let relation = &snapshot.relations[&marker.oid];
                let source = format!("{}.{}", relation.qualified(), quote::ident(&marker.column));
                return Ok(Some((source, marker.oid)));
            }
        }
        Ok(None)
    }

    fn leak(
        &mut self,
        arena: &Arena<'_>,
        (operation, severity, what): (Operation, Severity, String),
        steps: &[(As<'_>, &str)],
    ) {
        let world = self.stage.world;
        let function = self.target.function;
        let signature = function.signature();
        let owner = world.tenancy.snapshot.role_name(function.owner);
        let as_whom = match function.security_definer {
            true => format!("as its owner {owner}"),
            false => "as the application itself".to_owned(),
        };
        let word = if function.kind == 'p' {
            "PROCEDURE"
        } else {
            "FUNCTION"
        };
        let shown = Shown {
            channel: &CHANNEL,
            severity,
            object: signature.clone(),
            message: format!("{signature} {what}"),
            path: vec![format!("EXECUTE on {signature}"), as_whom],
            evidence: script(world, &arena.prologue, steps),
            fix: Some(format!(
                "REVOKE EXECUTE ON {word} {signature} FROM PUBLIC, {};  -- or filter by the context inside",
                quote::ident(world.app_role())
            )),
        };
        self.collected
            .ledger
            .leak(Some(operation), shown.finding(world));
    }
}
