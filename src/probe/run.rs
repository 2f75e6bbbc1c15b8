//! The run: sessions, the two organizations, every table, every other relation, the verdicts.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;

use super::committed::{self, Keeper};
use super::eye::Eye;
use super::lanes::{self, Lane};
use super::login::Attacker;
use super::organizations::{self, Cast};
use super::others;
use super::stage::{Collected, Stage};
use super::verification::Verification;
use super::world::{World, Writes};
use super::{Outcome, Setup, glob, objects, reaching, settings, summary, surfaces};
use crate::catalog::{ConstraintKind, Oid};
use crate::exit::usage;
use crate::session::Purpose;
use crate::session::conninfo::Host;
use crate::tenancy::TenantTable;

/// Attacks everything the application role can reach and rolls all of it back.
///
/// # Errors
/// The role does not exist or nobody can act as it; a connection is lost. What the server refuses
/// during an attack is no error but an answer.
pub async fn run(setup: Setup<'_>) -> Result<Outcome> {
    let role = &setup.tenancy.settings.tenancy.app_role;
    if setup.tenancy.app.is_none() {
        return Err(usage(format!(
            "[tenancy] app_role: role {role} does not exist on this server"
        )));
    }
    let writes = writes(&setup);
    let left = leftovers(&setup, &writes).await?;
    let reading = setup.admin.open(Purpose::Read).await?;
    let attacker = Attacker::find(setup.admin, setup.app, role).await?;
    if setup.login {
        may_commit(&setup, (&attacker, &writes))?;
    }
    let first = Lane::around(reading, &attacker).await?;
    let eye = Eye::new(&first.reading, &setup.tenancy.settings.tenancy.context);
    let cast = if setup.login {
        organizations::made_up(setup.tenancy)
    } else {
        organizations::cast(&eye, setup.tenancy, setup.organizations.as_ref()).await?
    };
    let outside = match setup.fire_triggers {
        true => BTreeMap::new(),
        false => reaching::outside(setup.tenancy.snapshot, setup.login),
    };
    let how = (writes, outside, attacker.as_login);
    let world = World::gather(&first.reading, setup.tenancy, &cast, how).await?;
    let lanes = lanes(first, (&setup, &attacker), (&world, &cast)).await?;
    let mut outcome = on(&lanes, (&setup, &attacker), (&world, &cast)).await;
    for lane in lanes {
        lane.close().await;
    }
    if let Ok(outcome) = &mut outcome {
        outcome.notes.extend(left);
    }
    outcome
}

/// Removes what a run that was killed has left, so that nothing of it is attacked or counted.
async fn leftovers(setup: &Setup<'_>, writes: &Writes) -> Result<Option<String>> {
    let (Some(records), Writes::Allowed) = (&setup.records, writes) else {
        return Ok(None);
    };
    let context = &setup.tenancy.settings.tenancy.context;
    let count = committed::clean_up(setup.admin, context, records).await?;
    Ok((count > 0).then(|| {
        format!("{count} canaries that an earlier probe had committed and left were removed")
    }))
}

/// Whether canaries may be committed; wrong is a usage error.
fn may_commit(setup: &Setup<'_>, (attacker, writes): (&Attacker, &Writes)) -> Result<()> {
    if let Writes::Refused(why) = writes {
        return Err(usage(format!(
            "--login commits rows and removes them again, and nothing may be written here: {why}"
        )));
    }
    if setup.organizations.is_some() {
        return Err(usage(
            "--login makes two organizations up; --org cannot choose others",
        ));
    }
    match &attacker.note {
        Some(why) => Err(usage(format!(
            "--login needs a login of the application role: {why}"
        ))),
        None => Ok(()),
    }
}

/// The first lane and those beside it.
async fn lanes(
    first: Lane,
    (setup, attacker): (&Setup<'_>, &Attacker),
    (world, cast): (&World<'_>, &Cast),
) -> Result<Vec<Lane>> {
    // Organizations that exist in one transaction only are in the way of another one's, and committed
    // rows of one table would be parents of another one's.
    let tables = if cast.made_up.is_empty() && !setup.login {
        world.tenancy.tables.len()
    } else {
        0
    };
    let more = lanes::more(&first, (setup.admin, attacker), (world, tables)).await?;
    Ok(std::iter::once(first).chain(more).collect())
}

async fn on(
    lanes: &[Lane],
    (setup, attacker): (&Setup<'_>, &Attacker),
    (world, cast): (&World<'_>, &Cast),
) -> Result<Outcome> {
    let keeper = match (&setup.records, lanes.first()) {
        (Some(records), Some(lane)) if setup.login => {
            let eye = Eye::new(&lane.reading, world.context());
            Some(Keeper::begin(&eye, (world, records)).await?)
        }
        (None, _) if setup.login => {
            return Err(usage(
                "--login records its canaries on disk, and there is no place for that: neither \
                 XDG_STATE_HOME nor HOME is set",
            ));
        }
        _ => None,
    };
    let eyes: Vec<Eye<'_>> = lanes
        .iter()
        .map(|lane| Eye::new(&lane.reading, world.context()))
        .collect();
    let stages: Vec<Stage<'_, '_>> = lanes
        .iter()
        .zip(&eyes)
        .map(|(lane, eye)| Stage {
            setup,
            world,
            eye,
            attacker,
            cast,
            lane,
            keeper: keeper.as_ref(),
        })
        .collect();
    let Some((first, _)) = stages.split_first() else {
        bail!("no session to attack with");
    };
    let verification = Verification::begin(first.eye, world).await?;
    let played = Play::new(first, &stages).run().await;
    let mut collected = match &keeper {
        Some(keeper) => with_end(keeper, (setup, world), played).await?,
        None => played?,
    };
    if let Some(verification) = verification {
        let transactions: Vec<String> = lanes
            .iter()
            .flat_map(|lane| lane.trail.transactions())
            .collect();
        let unasked = lanes.iter().map(|lane| lane.trail.how_many_unasked()).sum();
        let said = verification
            .end(first.eye, world, (&transactions, unasked))
            .await?;
        collected.aftermath.extend(said);
    }
    Ok(outcome(first, collected))
}

/// Removes the canaries, whatever came of the attacks, in sessions that no attack has broken.
async fn with_end(
    keeper: &Keeper,
    (setup, world): (&Setup<'_>, &World<'_>),
    played: Result<Collected>,
) -> Result<Collected> {
    let end = async {
        let session = setup.admin.open(Purpose::Attack).await?;
        let reading = setup.admin.open(Purpose::Read).await?;
        let eye = Eye::new(&reading, world.context());
        let ended = keeper.end((&session, &eye), world).await;
        session.close().await;
        reading.close().await;
        ended
    };
    match (played, end.await) {
        (Ok(mut collected), Ok(notes)) => {
            collected.aftermath.extend(notes);
            Ok(collected)
        }
        (Err(error), Err(left)) => Err(error.context(format!("{left:#}"))),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}

/// Whether this server and database may be written to, in transactions that are rolled back.
fn writes(setup: &Setup<'_>) -> Writes {
    let server = &setup.tenancy.snapshot.server;
    if setup.read_only {
        return Writes::Refused("--read-only".to_owned());
    }
    if server.in_recovery {
        return Writes::Refused("the server is a standby".to_owned());
    }
    let mut names = vec![server.database.clone()];
    for endpoint in &setup.admin.target().endpoints {
        match &endpoint.host {
            Host::Tcp(host) => names.push(host.clone()),
            Host::Unix(folder) => names.push(folder.display().to_string()),
        }
    }
    for pattern in &setup.tenancy.settings.probe.refuse {
        if let Some(name) = names.iter().find(|name| glob::matches(pattern, name)) {
            return Writes::Refused(format!("{name} matches [probe] refuse \"{pattern}\""));
        }
    }
    Writes::Allowed
}

/// A table and its place in the list of all: rows made up for it differ from those for others.
type Unit<'w> = (u32, &'w TenantTable);

/// Made-up values that a table may use before those of the next one begin.
const VALUES: u32 = 64;
/// Tables that may be done before an earlier one is: their results wait.
const AHEAD: usize = 8;

/// The order of a run.
struct Play<'p, 's, 'w> {
    first: &'p Stage<'s, 'w>,
    /// All of them, the first one among them.
    stages: &'p [Stage<'s, 'w>],
    /// How many objects there are to attack.
    total: Cell<usize>,
}

impl<'p, 's, 'w> Play<'p, 's, 'w> {
    fn new(first: &'p Stage<'s, 'w>, stages: &'p [Stage<'s, 'w>]) -> Self {
        Self {
            first,
            stages,
            total: Cell::new(first.world.tenancy.tables.len() + others::targets(first.world).len()),
        }
    }

    async fn run(self) -> Result<Collected> {
        let (first, world) = (self.first, self.first.world);
        let mut collected = Collected::default();
        if world.as_login
            && let Some(finding) = settings::preset(&first.lane.fresh, world).await?
        {
            collected.ledger.leak(None, finding);
        }
        if let Some(keeper) = first.keeper {
            keeper.organizations(first).await?;
        }
        let tied = tied(world);
        let (alone, beside): (Vec<Unit<'_>>, Vec<Unit<'_>>) = (0..)
            .step_by(VALUES as usize)
            .zip(world.tenancy.by_name())
            .partition(|(_, table)| tied.contains(&table.oid));
        let mut again = Vec::new();
        for unit in alone {
            let part = self.table(first, unit).await?;
            keep(&mut collected, part, &mut again);
        }
        self.beside(beside, &mut collected, &mut again).await?;
        self.total.set(self.total.get() + again.len());
        for unit in again {
            // Nobody else of ours is in the way now; what still waits in vain is the answer.
            let (_, part, _) = self.table(first, unit).await?;
            collected.absorb(part);
        }
        for relation in others::targets(world) {
            let name = relation.qualified();
            (first.setup.progress)(self.total.get(), &name);
            surfaces::attack(first, relation, &mut collected)
                .await
                .with_context(|| format!("cannot finish the attacks on {name}"))?;
        }
        self.objects(&mut collected).await?;
        Ok(collected)
    }

    /// What leads to rows through no relation.
    async fn objects(&self, collected: &mut Collected) -> Result<()> {
        let session = &self.first.lane.session;
        let functions = objects::targets(self.first).await?;
        self.total.set(self.total.get() + functions.len());
        for target in &functions {
            let name = target.function.signature();
            (self.first.setup.progress)(self.total.get(), &name);
            objects::call(self.first, target, (session, collected))
                .await
                .with_context(|| format!("cannot finish the attacks on {name}"))?;
        }
        objects::attack(self.first, session, collected).await
    }

    /// Tables that do not get into each other's way, on all lanes.
    async fn beside<'u>(
        &self,
        units: Vec<Unit<'u>>,
        collected: &mut Collected,
        again: &mut Vec<Unit<'u>>,
    ) -> Result<()> {
        let free: RefCell<Vec<&Stage<'_, '_>>> = RefCell::new(self.stages.iter().collect());
        let turn = Semaphore::new(self.stages.len());
        let one = async |unit| {
            let _turn = turn.acquire().await?;
            let stage = free.borrow_mut().pop().context("no lane is free")?;
            let part = self.table(stage, unit).await;
            free.borrow_mut().push(stage);
            part
        };
        let parts = stream::iter(units).map(one);
        // In order, so that the same database gives the same report.
        let mut parts = std::pin::pin!(parts.buffered(self.stages.len() * AHEAD));
        while let Some(part) = parts.next().await {
            keep(collected, part?, again);
        }
        Ok(())
    }

    /// One table; the last part says whether it met a lock.
    async fn table<'u>(
        &self,
        stage: &Stage<'_, '_>,
        (nth, table): Unit<'u>,
    ) -> Result<(Unit<'u>, Collected, bool)> {
        let name = stage.world.tenancy.relation(table).qualified();
        (stage.setup.progress)(self.total.get(), &name);
        let mut part = Collected::default();
        stage
            .table(table, nth, &mut part)
            .await
            .with_context(|| format!("cannot finish the attacks on {name}"))?;
        Ok(((nth, table), part, stage.lane.trail.take_contended()))
    }
}

/// Takes a table's results, except where a lock was in the way: then it is attacked once more.
fn keep<'u>(
    collected: &mut Collected,
    (unit, part, contended): (Unit<'u>, Collected, bool),
    again: &mut Vec<Unit<'u>>,
) {
    if contended {
        collected.attempts += part.attempts;
        again.push(unit);
    } else {
        collected.absorb(part);
    }
}

/// Tables whose attacks touch more than themselves: rows that refer to them, partitions and
/// children, whatever a trigger or rule does. They are attacked one by one.
fn tied(world: &World<'_>) -> BTreeSet<Oid> {
    let mut tied = BTreeSet::from([world.tenancy.registry.oid]);
    for relation in world.tenancy.snapshot.relations.values() {
        let references = relation.constraints.iter().filter(|constraint| {
            constraint.kind == ConstraintKind::Foreign && constraint.references != relation.oid
        });
        tied.extend(references.map(|constraint| constraint.references));
        tied.extend(&relation.parents);
        let acts = relation
            .triggers
            .iter()
            .any(|trigger| trigger.enabled != 'D')
            || relation.rules.iter().any(|rule| rule.event != '1');
        if acts {
            tied.insert(relation.oid);
        }
    }
    tied
}

fn outcome(stage: &Stage<'_, '_>, mut collected: Collected) -> Outcome {
    let world = stage.world;
    let suffix = if world.as_login { "" } else { " with SET ROLE" };
    let notes = summary::notes(stage, &collected);
    summary::exemption(world, &mut collected.ledger);
    let (findings, coverage) = collected.ledger.close(suffix);
    Outcome {
        findings,
        coverage,
        notes,
        as_login: world.as_login,
        organizations: (world.a.clone(), world.b.clone()),
        attempts: collected.attempts,
    }
}
