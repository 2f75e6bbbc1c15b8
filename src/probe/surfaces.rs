//! How views and other relations are attacked: as a login where rows are there, and otherwise in an
//! administrator's transaction in which rows are made up below them.

use std::collections::BTreeSet;

use anyhow::Result;

use super::arena::{Arena, As};
use super::canary::Nursery;
use super::channel::Channel;
use super::ledger::Ledger;
use super::login::set_role;
use super::markers::Markers;
use super::others::{FOREIGN_TABLE, Other, UNCLASSIFIED, VIEW, bases};
use super::rights::Rights;
use super::run::{Collected, Stage};
use super::world::Writes;
use crate::catalog::{Oid, Relation, RelationKind};
use crate::finding::{Operation, Severity};
use crate::session::{Purpose, Session};

/// What is tried on relations that are no tenant tables.
pub(super) const CHANNELS: &[Channel] = &[VIEW, FOREIGN_TABLE, UNCLASSIFIED];

/// A view over more tenant tables than this is not compared before and after.
const MOST_BASES: usize = 12;
/// Nor one with more rows.
const MOST_ROWS: usize = 10_000;

/// Every attack on one relation that is no tenant table.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    relation: &Relation,
    (session, collected): (&Session, &mut Collected),
) -> Result<()> {
    let none = Rights::default();
    let bases = bases(stage.world.tenancy, relation.oid);
    let mut other = Other {
        world: stage.world,
        eye: stage.eye,
        relation,
        rights: stage.world.rights.get(&relation.oid).unwrap_or(&none),
        a: &collected.a,
        b: &collected.b,
        ledger: Ledger::default(),
    };
    let opening = stage.attacker.opening.as_str();
    let ((), mut attempts) =
        Arena::rolled_back(session, stage.arena(opening, true), async |arena| {
            other.attack(arena).await
        })
        .await?;
    let name = relation.qualified();
    let open = other.ledger.is_unproven(&name, Operation::Select)
        && relation.kind == RelationKind::View
        && stage.world.writes == Writes::Allowed
        && (1..=MOST_BASES).contains(&bases.len());
    if open {
        let first = std::mem::take(&mut other.ledger);
        let lacking = bases.iter().any(|oid| collected.lacking.contains(oid));
        let mut conclusive = false;
        if lacking {
            let (a, b) = (other.a.clone(), other.b.clone());
            attempts += with_canaries(stage, (relation, &bases), (&mut other.ledger, a, b)).await?;
            conclusive = other.ledger.is_conclusive(&name, Operation::Select);
        }
        if !conclusive {
            other.ledger = Ledger::default();
            let (told, more) = before_and_after(stage, &mut other, &bases).await?;
            attempts += more;
            conclusive = told;
        }
        if !conclusive {
            other.ledger = first;
        }
    }
    collected.attempts += attempts;
    let ledger = other.ledger;
    collected.ledger.absorb(ledger);
    Ok(())
}

/// The same attacks with rows of both organizations made up below the view.
async fn with_canaries(
    stage: &Stage<'_, '_>,
    (relation, bases): (&Relation, &BTreeSet<Oid>),
    (ledger, mut a, mut b): (&mut Ledger, Markers, Markers),
) -> Result<usize> {
    let none = Rights::default();
    let snapshot = stage.world.tenancy.snapshot;
    let session = stage.setup.admin.open(Purpose::Attack).await?;
    let ((), attempts) = Arena::rolled_back(&session, stage.arena("", false), async |arena| {
        let mut nursery = Nursery::new(stage.world, stage.eye, &stage.cast.made_up);
        for oid in bases {
            let sides = [(&stage.world.a, &mut a), (&stage.world.b, &mut b)];
            for (organization, markers) in sides {
                let Ok((row, new)) = nursery.provide(arena, (*oid, organization)).await? else {
                    return Ok(());
                };
                if new {
                    markers.add_canary(snapshot, &snapshot.relations[oid], &row);
                }
            }
        }
        let role = set_role(stage.world.app_role());
        if arena
            .prepare(role.trim_end_matches(';'))
            .await?
            .refused()
            .is_some()
        {
            return Ok(());
        }
        let mut other = Other {
            world: stage.world,
            eye: stage.eye,
            relation,
            rights: stage.world.rights.get(&relation.oid).unwrap_or(&none),
            a: &a,
            b: &b,
            ledger: Ledger::default(),
        };
        other.attack(arena).await?;
        *ledger = other.ledger;
        Ok(())
    })
    .await?;
    session.close().await;
    Ok(attempts)
}

/// Compares what A reads before and after B has one more row in every table below the view; the
/// comparison counts where B's own reading did change.
async fn before_and_after(
    stage: &Stage<'_, '_>,
    other: &mut Other<'_, '_>,
    bases: &BTreeSet<Oid>,
) -> Result<(bool, usize)> {
    let session = stage.setup.admin.open(Purpose::Attack).await?;
    let outcome = Arena::rolled_back(&session, stage.arena("", false), async |arena| {
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
    .await;
    session.close().await;
    outcome
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
        (As::Unset, role.trim_end_matches(';')),
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
