//! `row_security = off`, `session_replication_role`, SET SESSION AUTHORIZATION: settings that would take
//! protection away, if the server let them.
//!
//! `row_security = off` never shows a row that a policy hides; it raises instead. `session_replication_role`
//! needs a superuser, or GRANT SET ON PARAMETER. `runtime-config-client`.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::channel::Channel;
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const REPLICATION_ROLE: Channel = Channel {
    id: "probe-replication-role",
    title: "the application may switch triggers and foreign keys off",
    tries: "SET LOCAL session_replication_role = 'replica' as the application",
    why: "policies still apply, but no trigger that fills or checks the tenant key fires, and no foreign key is checked",
    class: Class::Role,
    severity: Severity::Medium,
};

/// See [`Channel`].
pub(super) const ROW_SECURITY: Channel = Channel {
    id: "probe-row-security-off",
    title: "row_security = off shows another organization's rows",
    tries: "SET LOCAL row_security = off, then one row of B's from every table that the application may read, as A",
    why: "the server raises an error where a policy would have hidden a row; that it does is asked, not believed",
    class: Class::RlsOff,
    severity: Severity::Critical,
};

/// See [`Channel`].
pub(super) const SESSION_AUTHORIZATION: Channel = Channel {
    id: "probe-session-authorization",
    title: "the application's login may become another one",
    tries: "SET LOCAL SESSION AUTHORIZATION to the owner of the registry, as the application's login",
    why: "only a superuser's login may, and it is then everybody",
    class: Class::Role,
    severity: Severity::Critical,
};

/// Tries each of them.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    if stage.world.tenancy.app.is_none_or(|app| app.superuser) {
        return Ok(());
    }
    let opening = stage.attacker.opening.as_str();
    let ((), attempts) = Arena::rolled_back(session, stage.arena(opening, true), async |arena| {
        replica(stage, (arena, collected)).await?;
        unfiltered(stage, (arena, collected)).await?;
        if stage.world.as_login {
            another_session(stage, (arena, collected)).await?;
        }
        Ok(())
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

/// Triggers and foreign keys that guard the tenant key do not fire for a replica.
async fn replica(
    stage: &Stage<'_, '_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let world = stage.world;
    let sql = "set local session_replication_role = 'replica'";
    if arena.attempt(As::Unset, sql).await?.refused().is_some() {
        return Ok(());
    }
    let app = world.app_role();
    let shown = Shown {
        channel: &REPLICATION_ROLE,
        severity: Severity::Medium,
        object: app.to_owned(),
        message: format!(
            "{app} may set session_replication_role: no trigger and no foreign key of a tenant table stops it then"
        ),
        path: vec![
            "SET session_replication_role".to_owned(),
            "triggers and foreign keys that do not fire".to_owned(),
        ],
        evidence: script(world, &[], &[(world.as_a(), sql)]),
        fix: Some(format!(
            "REVOKE SET ON PARAMETER session_replication_role FROM {};",
            quote::ident(app)
        )),
    };
    collected.ledger.leak(None, shown.finding(world));
    Ok(())
}

/// Asks the tables whose policies bind the application to leave them out.
async fn unfiltered(
    stage: &Stage<'_, '_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let world = stage.world;
    let tenancy = world.tenancy;
    for table in tenancy.by_name() {
        let relation = tenancy.relation(table);
        let name = relation.qualified();
        let bound = !world.exempt(relation)
            && world
                .rights
                .get(&relation.oid)
                .is_some_and(|rights| rights.selects_any());
        if !bound || collected.ledger.leaks(&name, Operation::Select) {
            continue;
        }
        let off = "set local row_security = off";
        let sql = format!(
            "select 1 from {name} x where {} limit 1",
            world.belongs(relation.oid, "x", &world.b)
        );
        let steps = [(As::Unset, off), (world.as_a(), sql.as_str())];
        if arena.script(&steps).await?.rows().is_empty() {
            continue;
        }
        let shown = Shown {
            channel: &ROW_SECURITY,
            severity: Severity::Critical,
            object: name.clone(),
            message: format!(
                "with row_security off, other organizations' rows of {name} are visible"
            ),
            path: vec![
                "SET row_security = off".to_owned(),
                format!("SELECT on {name}"),
            ],
            evidence: script(world, &arena.prologue, &steps),
            fix: None,
        };
        collected
            .ledger
            .leak(Some(Operation::Select), shown.finding(world));
    }
    Ok(())
}

/// Only a superuser's session may become another one's.
async fn another_session(
    stage: &Stage<'_, '_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let world = stage.world;
    let owner = world
        .tenancy
        .snapshot
        .role_name(world.tenancy.registry.owner);
    if owner == world.app_role() {
        return Ok(());
    }
    let sql = format!("set local session authorization {}", quote::ident(owner));
    if arena.attempt(As::Unset, &sql).await?.refused().is_some() {
        return Ok(());
    }
    let app = world.app_role();
    let shown = Shown {
        channel: &SESSION_AUTHORIZATION,
        severity: Severity::Critical,
        object: app.to_owned(),
        message: format!("the login of {app} may become {owner} by SET SESSION AUTHORIZATION"),
        path: vec![format!("SET SESSION AUTHORIZATION {}", quote::ident(owner))],
        evidence: script(world, &[], &[(As::Unset, &sql)]),
        fix: Some(format!("ALTER ROLE {} NOSUPERUSER;", quote::ident(app))),
    };
    collected.ledger.leak(None, shown.finding(world));
    Ok(())
}
