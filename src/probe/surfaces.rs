//! How views and other relations are attacked: as a login where rows are there, and otherwise in an
//! administrator's transaction in which rows are made up below them.

use std::collections::BTreeSet;

use anyhow::Result;

use super::arena::{Arena, As};
use super::beyond;
use super::canary::Nursery;
use super::channel::Channel;
use super::ledger::Ledger;
use super::login::set_role;
use super::markers::Markers;
use super::others::{FOREIGN_TABLE, Other, UNCLASSIFIED, VIEW, bases};
use super::stage::{Collected, Stage};
use super::through;
use super::world::Writes;
use crate::catalog::{Oid, Relation, RelationKind};
use crate::finding::{Operation, Severity};

/// What is tried on relations that are no tenant tables.
pub(super) const CHANNELS: &[Channel] = &[VIEW, through::CHANNEL, FOREIGN_TABLE, UNCLASSIFIED];

/// A view over more tenant tables than this is not compared before and after.
const MOST_BASES: usize = 12;
/// Nor one with more rows.
const MOST_ROWS: usize = 10_000;

/// Every attack on one relation that is no tenant table.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    relation: &Relation,
    collected: &mut Collected,
) -> Result<()> {
    if stage.world.rights_on(relation.oid).selects_any() {
        read(stage, relation, &mut *collected).await?;
    }
    let mut ledger = Ledger::default();
    collected.attempts += through::attack(stage, relation, &mut ledger).await?;
    collected.ledger.absorb(ledger);
    Ok(())
}

/// What may be read of it.
async fn read(stage: &Stage<'_, '_>, relation: &Relation, collected: &mut Collected) -> Result<()> {
    let bases = bases(stage.world.tenancy, relation.oid);
    let markers = (&collected.a, &collected.b);
    let mut other = Other::at((stage.world, stage.eye), relation, markers);
    let opening = stage.attacker.opening.as_str();
    let ((), mut attempts) = Arena::rolled_back(
        &stage.lane.session,
        stage.arena(opening, true),
        async |arena| other.attack(arena).await,
    )
    .await?;
    let name = relation.qualified();
    let open = other.ledger.is_unproven(&name, Operation::Select)
        && relation.kind == RelationKind::View
        && stage.world.writes == Writes::Allowed
        && (1..=MOST_BASES).contains(&bases.len());
    let unfilled = other.ledger.is_unproven(&name, Operation::Select)
        && relation.kind != RelationKind::View
        && stage.world.writes == Writes::Allowed;
    if unfilled && let Some((ledger, more)) = beyond::attack(stage, relation).await? {
        other.ledger = ledger;
        attempts += more;
    }
    if open {
        attempts += again(stage, &mut other, (&bases, &collected.lacking)).await?;
    }
    collected.attempts += attempts;
    let ledger = other.ledger;
    collected.ledger.absorb(ledger);
    Ok(())
}

/// A view that reading alone did not tell about: with rows made up below it, and by what changes
/// when B's do. How many attempts were made.
async fn again(
    stage: &Stage<'_, '_>,
    other: &mut Other<'_, '_>,
    (bases, lacking): (&BTreeSet<Oid>, &BTreeSet<Oid>),
) -> Result<usize> {
    let (relation, name) = (other.relation, other.relation.qualified());
    let first = std::mem::take(&mut other.ledger);
    let (mut attempts, mut conclusive) = (0, false);
    if !bases.is_disjoint(lacking) {
        let markers = || (other.a.clone(), other.b.clone());
        let mut ledger = Ledger::default();
        attempts += with_committed(stage, (relation, bases), (&mut ledger, markers())).await?;
        if !ledger.is_conclusive(&name, Operation::Select) {
            ledger = Ledger::default();
            attempts += with_canaries(stage, (relation, bases), (&mut ledger, markers())).await?;
        }
        conclusive = ledger.is_conclusive(&name, Operation::Select);
        other.ledger = ledger;
    }
    if !conclusive {
        other.ledger = Ledger::default();
        let (told, more) = before_and_after(stage, other, bases).await?;
        attempts += more;
        conclusive = told;
    }
    if !conclusive {
        other.ledger = first;
    }
    Ok(attempts)
}

/// Makes a row of both organizations in every table below the view, and marks what is new; the error
/// is why one could not be made.
async fn below(
    stage: &Stage<'_, '_>,
    bases: &BTreeSet<Oid>,
    (nursery, arena): (&mut Nursery<'_, '_>, &mut Arena<'_>),
    (a, b): (&mut Markers, &mut Markers),
) -> Result<Result<(), String>> {
    let snapshot = stage.world.tenancy.snapshot;
    for oid in bases {
        let sides = [(&stage.world.a, &mut *a), (&stage.world.b, &mut *b)];
        for (organization, markers) in sides {
            match nursery.provide(arena, (*oid, organization)).await? {
                Ok((row, true)) => markers.add_canary(snapshot, &snapshot.relations[oid], &row),
                Ok((_, false)) => {}
                Err(why) => return Ok(Err(why)),
            }
        }
    }
    Ok(Ok(()))
}

/// The attacks in two logins' sessions, with such rows committed, where that was asked for.
async fn with_committed(
    stage: &Stage<'_, '_>,
    (relation, bases): (&Relation, &BTreeSet<Oid>),
    (ledger, (mut a, mut b)): (&mut Ledger, (Markers, Markers)),
) -> Result<usize> {
    let Some(keeper) = stage.keeper else {
        return Ok(0);
    };
    let planted = keeper
        .plant(stage, 0, async |nursery, arena| {
            below(stage, bases, (nursery, arena), (&mut a, &mut b)).await
        })
        .await?;
    let planted = match planted {
        Ok(planted) => planted,
        Err(why) => {
            keeper.not_committed(&relation.qualified(), &why);
            return Ok(0);
        }
    };
    let prologue = [stage.prologue(), planted.prologue.clone()].concat();
    let attacked = stage
        .in_sessions(async |arena| {
            arena.prologue = prologue;
            *ledger = afresh(stage, relation, (&a, &b), arena).await?;
            Ok(())
        })
        .await;
    keeper.take_back(stage, planted).await?;
    attacked
}

/// One more round of the attacks, with these markers.
async fn afresh(
    stage: &Stage<'_, '_>,
    relation: &Relation,
    (a, b): (&Markers, &Markers),
    arena: &mut Arena<'_>,
) -> Result<Ledger> {
    let mut other = Other::at((stage.world, stage.eye), relation, (a, b));
    other.attack(arena).await?;
    Ok(other.ledger)
}

/// The same attacks with rows of both organizations made up below the view.
async fn with_canaries(
    stage: &Stage<'_, '_>,
    (relation, bases): (&Relation, &BTreeSet<Oid>),
    (ledger, (mut a, mut b)): (&mut Ledger, (Markers, Markers)),
) -> Result<usize> {
    let session = stage.admin().await?;
    let ((), attempts) = Arena::rolled_back(session, stage.arena("", false), async |arena| {
        arena.prologue = stage.prologue();
        let mut nursery = Nursery::new(stage.world, stage.eye, &stage.cast.made_up);
        let made = below(stage, bases, (&mut nursery, arena), (&mut a, &mut b)).await?;
        let becomes = stage.become_app(arena).await?;
        if made.is_ok() && becomes.is_ok() {
            *ledger = afresh(stage, relation, (&a, &b), arena).await?;
        }
        Ok(())
    })
    .await?;
    Ok(attempts)
}

/// Compares what A reads before and after B has one more row in every table below the view; the
/// comparison counts where B's own reading did change.
async fn before_and_after(
    stage: &Stage<'_, '_>,
    other: &mut Other<'_, '_>,
    bases: &BTreeSet<Oid>,
) -> Result<(bool, usize)> {
    let session = stage.admin().await?;
    Arena::rolled_back(session, stage.arena("", false), async |arena| {
        let (a, b) = (stage.world.a.clone(), stage.world.b.clone());
        let before = digest(stage, other, (&mut *arena, &a)).await?;
        let again = digest(stage, other, (&mut *arena, &a)).await?;
        let theirs = digest(stage, other, (&mut *arena, &b)).await?;
        if before.is_none() || before != again {
            return Ok(false);
        }
        let mut nursery = Nursery::new(stage.world, stage.eye, &stage.cast.made_up);
        for oid in bases {
            if nursery.add(arena, (*oid, &b)).await?.is_err() {
                return Ok(false);
            }
        }
        let after = digest(stage, other, (&mut *arena, &a)).await?;
        if after.is_some() && after != before {
            let message = other.shows("something that depends on other organizations' rows");
            let shown = format!("select * from {}", other.name());
            let steps = [(As::Context(a.as_str()), shown.as_str())];
            other.record(arena, (Severity::Medium, message), &steps);
            return Ok(true);
        }
        let changed = digest(stage, other, (&mut *arena, &b)).await?;
        if after.is_some() && theirs.is_some() && changed.is_some() && changed != theirs {
            other.ledger.held_because(
                &other.name(),
                Operation::Select,
                "one more row of the other organization's changes what that one reads, and nothing \
                 for anybody else"
                    .to_owned(),
            );
            return Ok(true);
        }
        Ok(false)
    })
    .await
}

/// What an organization reads, in short; `None` where it cannot be told.
async fn digest(
    stage: &Stage<'_, '_>,
    other: &Other<'_, '_>,
    (arena, organization): (&mut Arena<'_>, &str),
) -> Result<Option<String>> {
    let role = set_role(stage.world.app_role());
    let row = other.whole_row();
    let sql = format!(
        "select pg_catalog.count(*)::text, pg_catalog.md5(pg_catalog.string_agg(r, ',' order by r)) \
         from (select {row} as r from {} x limit {MOST_ROWS}) read",
        other.name()
    );
    let steps = [
        (As::Unset, role.as_str()),
        (As::Context(organization), sql.as_str()),
    ];
    let reply = arena.script(&steps).await?;
    let Some([count, sum]) = reply.rows().first().map(Vec::as_slice) else {
        return Ok(None);
    };
    let count = count.clone().unwrap_or_default();
    if count == MOST_ROWS.to_string() {
        return Ok(None);
    }
    Ok(Some(format!("{count} {}", sum.clone().unwrap_or_default())))
}
