//! Statements of other sessions: all organizations share the application's role, and `pg_stat_activity` shows a
//! role the statements of its own sessions with all that is written into them. `monitoring-stats`.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::channel::Channel;
use super::super::markers;
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::catalog::RelationKind;
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-activity",
    title: "statements of other sessions can be read, values included",
    tries: "pg_stat_activity, and pg_stat_statements where it is readable, as the application's login: an administrator's statement, and values of B's in any text. Not where the attacker came by SET ROLE: sessions are told apart by who logged in",
    why: "all organizations share the application's role, and a role sees the statements of its own sessions; pg_read_all_stats shows those of all roles. Values that are parameters are not in them",
    class: Class::Surface,
    severity: Severity::High,
};

/// Stands in a statement of the administrator's.
const MARK: &str = "tenantctl-activity";
const ACTIVITY: &str = "pg_catalog.pg_stat_activity";
/// Statements that are searched.
const MOST: usize = 500;

/// Searches the statements that the attacker may see.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    // A role sees what its own sessions do: who became it by SET ROLE is still somebody else.
    if !stage.world.as_login || stage.world.tenancy.app.is_none_or(|app| app.superuser) {
        return Ok(());
    }
    let ((), attempts) = Arena::rolled_back(session, stage.arena("", true), async |arena| {
        others(stage, (arena, collected)).await?;
        let sql = format!(
            "select query from {ACTIVITY} where pid <> pg_catalog.pg_backend_pid() \
             and application_name <> 'tenantctl' and query <> '' limit {MOST}"
        );
        texts(stage, (ACTIVITY, &sql), (arena, collected)).await?;
        let snapshot = stage.world.tenancy.snapshot;
        let kept = snapshot.relations.values().filter(|relation| {
            relation.of_extension
                && relation.kind == RelationKind::View
                && relation.name == "pg_stat_statements"
        });
        for relation in kept {
            let name = relation.qualified();
            let sql = format!("select query from {name} limit {MOST}");
            texts(stage, (&name, &sql), (arena, collected)).await?;
        }
        Ok(())
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

/// Whether statements of other roles are visible, too.
async fn others(
    stage: &Stage<'_, '_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let world = stage.world;
    stage
        .eye
        .ask(&format!("select {}", quote::literal(MARK)))
        .await?;
    let sql = format!(
        "select query from {ACTIVITY} where pid <> pg_catalog.pg_backend_pid() \
         and usename is distinct from session_user and query like {} limit 1",
        quote::literal(&format!("%{MARK}%"))
    );
    if arena.attempt(world.as_a(), &sql).await?.rows().is_empty() {
        return Ok(());
    }
    let app = world.app_role();
    let shown = Shown {
        channel: &CHANNEL,
        severity: Severity::Medium,
        object: app.to_owned(),
        message: format!(
            "{app} sees the statements of all roles in pg_stat_activity, with what is written into them: an \
             administrator's was found there"
        ),
        path: vec![
            "pg_read_all_stats".to_owned(),
            format!("SELECT on {ACTIVITY}"),
        ],
        evidence: script(world, &[], &[(world.as_a(), &sql)]),
        fix: Some(format!(
            "REVOKE pg_read_all_stats FROM {};",
            quote::ident(app)
        )),
    };
    collected.ledger.leak(None, shown.finding(world));
    Ok(())
}

/// Whether a value of the victim's stands in one of the texts.
async fn texts(
    stage: &Stage<'_, '_>,
    (object, sql): (&str, &str),
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let world = stage.world;
    let reply = arena.attempt(world.as_a(), sql).await?;
    let texts = reply
        .rows()
        .iter()
        .filter_map(|row| row.first()?.as_deref());
    for text in texts {
        for marker in collected.b.within(text) {
            let snapshot = world.tenancy.snapshot;
            if !markers::is_unique(stage.eye, snapshot, marker).await? {
                continue;
            }
            let table = snapshot.relations[&marker.oid].qualified();
            let shown = Shown {
                channel: &CHANNEL,
                severity: Severity::High,
                object: object.to_owned(),
                message: format!(
                    "a statement that {object} shows holds another organization's {table}.{}",
                    quote::ident(&marker.column)
                ),
                path: vec![
                    format!("SELECT on {object}"),
                    "the text of another session's statement".to_owned(),
                ],
                evidence: script(world, &[], &[(world.as_a(), sql)]),
                fix: Some("-- pass values as parameters, not inside of statements".to_owned()),
            };
            collected
                .ledger
                .leak(Some(Operation::Select), shown.finding(world));
            return Ok(());
        }
    }
    Ok(())
}
