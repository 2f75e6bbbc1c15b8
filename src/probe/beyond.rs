//! Tables that nobody called the tenants', and materialized views, while nothing is in them: rows
//! are made up where theirs come from, and then it shows whose they would be.

use anyhow::Result;

use super::arena::{Arena, As};
use super::canary::{Nursery, is_tied, writers};
use super::evidence::{self, Scene};
use super::ledger::Ledger;
use super::login::set_role;
use super::markers::Markers;
use super::others::{Other, bases};
use super::specimen::Specimen;
use super::stage::Stage;
use crate::catalog::{Oid, Relation, RelationKind};
use crate::finding::{Class, Finding, Operation, Severity};
use crate::session::quote;

/// A materialized view over more tenant tables than this is left alone.
const MOST_BASES: usize = 12;

/// Attacks the relation with rows made up for it; `None` where none could be.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    relation: &Relation,
) -> Result<Option<(Ledger, usize)>> {
    let world = stage.world;
    let stored = relation.kind == RelationKind::MaterializedView;
    let sources: Vec<Oid> = if stored {
        bases(world.tenancy, relation.oid).into_iter().collect()
    } else {
        writers(world.tenancy.snapshot, relation)
    };
    let sources: Vec<Oid> = sources
        .into_iter()
        .filter(|oid| world.tenancy.tables.contains_key(oid))
        .collect();
    let tied = relation.kind.is_table() && is_tied(world, relation);
    if sources.len() > MOST_BASES || (sources.is_empty() && !tied) {
        return Ok(None);
    }
    let session = stage.admin().await?;
    let outcome = Arena::rolled_back(session, stage.arena("", false), async |arena| {
        let mut nursery = Nursery::new(world, stage.eye, &stage.cast.made_up);
        let mut markers = Markers::default();
        let made = make(stage, (relation, &sources, tied), (&mut nursery, arena)).await?;
        for (oid, row) in &made {
            let of = &world.tenancy.snapshot.relations[oid];
            markers.add_canary(world.tenancy.snapshot, of, row);
        }
        if markers.0.is_empty() {
            return Ok(None);
        }
        if stored {
            return next_refresh(stage, (relation, &markers), arena).await;
        }
        look(stage, (relation, markers), arena).await
    })
    .await?;
    let (ledger, attempts) = outcome;
    Ok(ledger.map(|ledger| (ledger, attempts)))
}

/// Rows of B's in the tables that it is written from, and in it.
async fn make(
    stage: &Stage<'_, '_>,
    (relation, sources, tied): (&Relation, &[Oid], bool),
    (nursery, arena): (&mut Nursery<'_, '_>, &mut Arena<'_>),
) -> Result<Vec<(Oid, Specimen)>> {
    let (world, mut made) = (stage.world, Vec::new());
    for oid in sources {
        if let Ok(row) = nursery.add(arena, (*oid, &world.b)).await? {
            if relation.kind.is_table() {
                let source = &world.tenancy.snapshot.relations[oid];
                nursery.touch(arena, (source, &row)).await?;
            }
            made.push((*oid, row));
        }
    }
    if tied
        && made.is_empty()
        && let Ok(row) = nursery.refer(arena, (relation, &world.b)).await?
    {
        made.push((relation.oid, row));
    }
    Ok(made)
}

/// The attacks on a relation like any other, as the application.
async fn look(
    stage: &Stage<'_, '_>,
    (relation, markers): (&Relation, Markers),
    arena: &mut Arena<'_>,
) -> Result<Option<Ledger>> {
    if stage.become_app(arena).await?.is_err() {
        return Ok(None);
    }
    let none = Markers::default();
    let mut other = Other::at((stage.world, stage.eye), relation, (&none, &markers));
    other.attack(arena).await?;
    let told = other
        .ledger
        .is_conclusive(&relation.qualified(), Operation::Select);
    Ok(told.then_some(other.ledger))
}

/// What the next REFRESH would store: its query is asked as its owner, because a refresh would lock
/// the view against everybody.
async fn next_refresh(
    stage: &Stage<'_, '_>,
    (relation, markers): (&Relation, &Markers),
    arena: &mut Arena<'_>,
) -> Result<Option<Ledger>> {
    let Some(query) = &relation.definition else {
        return Ok(None);
    };
    let world = stage.world;
    let owner = world.tenancy.snapshot.role_name(relation.owner);
    let query = query.trim().trim_end_matches(';');
    let search = format!(
        "select x::text from ({query}) x where x::text like any ({}) limit 1",
        markers.patterns()
    );
    let role = set_role(owner);
    let reply = arena
        .script(&[(As::Unset, role.as_str()), (As::Unset, &search)])
        .await?;
    let Some(text) = reply.value() else {
        return Ok(None);
    };
    let Some(marker) = markers.within(text).next() else {
        return Ok(None);
    };
    let name = relation.qualified();
    let source = world.tenancy.snapshot.relations[&marker.oid].qualified();
    let scene = Scene {
        context: world.context(),
        role: owner,
        prologue: &arena.prologue,
        as_login: false,
    };
    let shown = format!(
        "select * from ({query}) as {}",
        quote::ident(&relation.name)
    );
    let mut ledger = Ledger::default();
    let finding = Finding {
        check: "probe-view".to_owned(),
        class: Class::View,
        severity: Severity::Critical,
        object: name.clone(),
        message: format!(
            "the next refresh of materialized view {name} stores every organization's rows of \
             {source}, and {} may read it",
            world.app_role()
        ),
        path: vec![
            world.app_role().to_owned(),
            format!("SELECT on {name}"),
            format!("rows stored as {owner} saw them"),
        ],
        evidence: Some(evidence::script(&scene, &[(As::Unset, &shown)])),
        fix: Some(format!(
            "REVOKE SELECT ON {name} FROM {};",
            quote::ident(world.app_role())
        )),
    };
    ledger.leak(Some(Operation::Select), finding);
    Ok(Some(ledger))
}
