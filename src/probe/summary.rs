//! What is said about a run as a whole: notes, and a role that no policy applies to.

use std::collections::BTreeSet;

use super::channel::Channel;
use super::ledger::Ledger;
use super::run::{Collected, Stage};
use super::world::{World, Writes};
use crate::finding::{Class, Finding, Severity};
use crate::session::quote;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-role",
    title: "no policy applies to the application's role",
    tries: "nothing of its own: the one cause of what came through in tables with row-level security",
    why: "a superuser, BYPASSRLS or the owner of a table without FORCE passes every policy",
    class: Class::Role,
    severity: Severity::Critical,
};

/// What the reader should know about the run.
pub(super) fn notes(stage: &Stage<'_, '_>, collected: &Collected) -> Vec<String> {
    let mut notes: Vec<String> = stage.attacker.note.iter().cloned().collect();
    let app = stage.world.app_role();
    match stage.world.tenancy.app {
        Some(role) if role.superuser => {
            notes.push(format!("{app} is a superuser: no policy applies to it"));
        }
        Some(role) if role.bypass_rls => {
            notes.push(format!("{app} has BYPASSRLS: no policy applies to it"));
        }
        _ => {}
    }
    if let Writes::Refused(why) = &stage.world.writes {
        notes.push(format!("no attack that writes was made: {why}"));
    }
    if !stage.cast.made_up.is_empty() {
        notes.push(format!(
            "the registry has fewer than two organizations; made up for the run and rolled \
             back: {}",
            stage.cast.made_up.join(", ")
        ));
    }
    if collected.canaries > 0 {
        notes.push(format!(
            "{} without rows of both organizations attacked with rows made up in an \
             administrator's transaction (SET ROLE {}) and rolled back",
            tables(collected.canaries),
            quote::ident(app)
        ));
    }
    if stage.world.writes == Writes::Allowed && !collected.firing.is_empty() {
        notes.push(format!(
            "triggers of {} ran for attacks that were rolled back; what they did outside of the \
             database was not",
            collected.firing.join(", ")
        ));
    }
    notes
}

/// Tables that leak because no policy applies to the application role have one cause: the role.
pub(super) fn exemption(world: &World<'_>, ledger: &mut Ledger) {
    let Some(app) = world.tenancy.app else {
        return;
    };
    let snapshot = world.tenancy.snapshot;
    let (mut leaking, mut owners) = (Vec::new(), BTreeSet::new());
    for table in world.tenancy.by_name() {
        let relation = world.tenancy.relation(table);
        let name = relation.qualified();
        let protected = relation.row_security && ledger.leaks_at_all(&name);
        let by_role = app.superuser || app.bypass_rls || relation.owner != app.oid;
        if protected && by_role && world.exempt(relation) {
            owners.insert(snapshot.role_name(relation.owner));
            leaking.push(name);
        }
    }
    let Some(first) = leaking.first() else {
        return;
    };
    let why = if app.superuser {
        "is a superuser".to_owned()
    } else if app.bypass_rls {
        "has BYPASSRLS".to_owned()
    } else {
        let owners: Vec<String> = owners.into_iter().map(quote::ident).collect();
        format!(
            "has the rights of {}, and row-level security is not forced on the owner",
            owners.join(", ")
        )
    };
    let evidence = ledger.evidence_of(first);
    let finding = Finding {
        check: CHANNEL.id.to_owned(),
        class: CHANNEL.class,
        severity: CHANNEL.severity,
        object: app.name.clone(),
        message: format!(
            "{} {why}: no policy applies to it, and rows came through in {}",
            app.name,
            tables(leaking.len())
        ),
        path: vec![app.name.clone(), why, first.clone()],
        evidence,
        fix: None,
    };
    ledger.leak(None, finding);
}

fn tables(count: usize) -> String {
    match count {
        1 => "1 table".to_owned(),
        n => format!("{n} tables"),
    }
}
