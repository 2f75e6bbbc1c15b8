//! SET ROLE to every role in reach, then tenant tables as that role; SET SESSION AUTHORIZATION.
//!
//! SET ROLE changes `current_user`, the privileges and the policies that apply; a role that brings none of
//! these is left out. `sql-set-role`, `role-membership`.

use std::collections::BTreeSet;

use anyhow::Result;
use tokio_postgres::types::Type;

use super::super::arena::{Arena, As};
use super::super::channel::Channel;
use super::super::login::set_role;
use super::super::world::Writes;
use super::shown::{Shown, script};
use super::staged::{self, Rows};
use super::{Collected, Stage};
use crate::catalog::{Oid, Relation};
use crate::finding::{Class, Operation, Severity};
use crate::paths::{Access, Powers};
use crate::session::error::explain;
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-set-role",
    title: "a role that the application may become sees another organization's rows",
    tries: "SET LOCAL ROLE to every role in reach that brings privileges, policies or attributes of its own, those with BYPASSRLS and superusers first, then one row of B's from each table that it may read, with the context at A",
    why: "SET ROLE changes whose privileges and policies apply; BYPASSRLS and SUPERUSER are not inherited, and yet one SET ROLE away",
    class: Class::Role,
    severity: Severity::Critical,
};

/// Roles that are tried: among thousands, those that policies do not bind come first.
const MOST_ROLES: usize = 50;
/// Tables that are made rows for, for one role.
const MOST_EMPTY: usize = 12;

/// What one role brings.
struct Identity<'t> {
    powers: Powers,
    name: String,
    /// Tables that it may read and that do not leak to the application itself.
    tables: Vec<&'t Relation>,
}

/// Becomes every role in reach and reads.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    let Some(app) = stage.world.tenancy.app else {
        return Ok(());
    };
    let own = Powers::of(stage.world.tenancy.snapshot, app.oid);
    for oid in within_reach(stage).await? {
        let Some(identity) = identity(stage, (oid, &own), collected) else {
            continue;
        };
        let opening = stage.attacker.opening.as_str();
        let (told, attempts) =
            Arena::rolled_back(session, stage.arena(opening, true), async |arena| {
                read(stage, &identity, (arena, collected)).await
            })
            .await?;
        collected.attempts += attempts;
        if !told && stage.world.writes == Writes::Allowed {
            with_rows(stage, &identity, collected).await?;
        }
    }
    Ok(())
}

async fn within_reach(stage: &Stage<'_, '_>) -> Result<Vec<Oid>> {
    let role = stage.world.app_role();
    let sql = include_str!("../../../sql/probe/roles.sql");
    let rows = stage.eye.read(sql, &[(&role, Type::NAME)]).await?;
    rows.iter()
        .take(MOST_ROLES)
        .map(|row| row.try_get(0).map_err(explain))
        .collect()
}

fn identity<'t>(
    stage: &Stage<'_, 't>,
    (oid, own): (Oid, &Powers),
    collected: &Collected,
) -> Option<Identity<'t>> {
    let tenancy = stage.world.tenancy;
    let role = tenancy.snapshot.roles.get(&oid)?;
    let powers = Powers::of(tenancy.snapshot, oid);
    if powers.held.is_subset(&own.held) && !role.superuser && !role.bypass_rls {
        return None;
    }
    let tables: Vec<&Relation> = tenancy
        .by_name()
        .into_iter()
        .map(|table| tenancy.relation(table))
        .filter(|table| {
            !collected
                .ledger
                .leaks(&table.qualified(), Operation::Select)
        })
        .filter(|table| Access::of(tenancy.snapshot, &powers, table).allows(Operation::Select))
        .collect();
    (!tables.is_empty()).then(|| Identity {
        powers,
        name: role.name.clone(),
        tables,
    })
}

/// Whether it was told: the other organization's row was seen, or could have been.
async fn read(
    stage: &Stage<'_, '_>,
    identity: &Identity<'_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<bool> {
    let world = stage.world;
    let become_it = set_role(&identity.name);
    let mut seen = 0;
    for table in &identity.tables {
        let name = table.qualified();
        let sql = format!(
            "select 1 from {name} x where {} limit 1",
            world.belongs(table.oid, "x", &world.b)
        );
        let steps = [
            (As::Unset, become_it.as_str()),
            (world.as_a(), sql.as_str()),
        ];
        if !arena.script(&steps).await?.rows().is_empty() {
            let evidence = script(world, &arena.prologue, &steps);
            let shown = shown(stage, identity, (&name, evidence));
            collected
                .ledger
                .leak(Some(Operation::Select), shown.finding(world));
            return Ok(true);
        }
        let theirs = [steps[0], (world.as_b(), sql.as_str())];
        seen += usize::from(!arena.script(&theirs).await?.rows().is_empty());
    }
    if seen == 0 {
        return Ok(false);
    }
    let why = format!(
        "{} of {} tables read as {} after SET ROLE, and only the other organization itself sees its rows",
        seen,
        identity.tables.len(),
        quote::ident(&identity.name)
    );
    collected
        .ledger
        .held_because(&identity.name, Operation::Select, why);
    Ok(true)
}

/// The same with rows made up, where no table had one.
async fn with_rows(
    stage: &Stage<'_, '_>,
    identity: &Identity<'_>,
    collected: &mut Collected,
) -> Result<()> {
    let tables: BTreeSet<Oid> = identity
        .tables
        .iter()
        .take(MOST_EMPTY)
        .map(|table| table.oid)
        .collect();
    let (_, attempts) = staged::transaction(stage, async |arena| {
        staged::rows(stage, arena, (&tables, Rows::Any)).await?;
        if stage.become_app(arena).await?.is_ok() {
            return read(stage, identity, (arena, collected)).await;
        }
        Ok(false)
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

fn shown(
    stage: &Stage<'_, '_>,
    identity: &Identity<'_>,
    (table, evidence): (&str, Option<String>),
) -> Shown {
    let app = stage.world.app_role();
    let role = quote::ident(&identity.name);
    let snapshot = stage.world.tenancy.snapshot;
    let why = match snapshot.roles.get(&identity.powers.role) {
        Some(found) if found.superuser => "a superuser, to whom no policy applies",
        Some(found) if found.bypass_rls => "with BYPASSRLS, to whom no policy applies",
        _ => "with that role's privileges and policies",
    };
    Shown {
        channel: &CHANNEL,
        severity: Severity::Critical,
        object: identity.name.clone(),
        message: format!(
            "{app} may SET ROLE {role}, and then reads other organizations' rows of {table}: {why}"
        ),
        path: vec![
            format!("SET ROLE {role}"),
            format!("SELECT on {table}"),
            why.to_owned(),
        ],
        evidence,
        fix: Some(format!("REVOKE {role} FROM {};", quote::ident(app))),
    }
}
