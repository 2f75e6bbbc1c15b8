//! A context that is preset for every session of the application's.

use anyhow::Result;

use super::channel::Channel;
use super::evidence;
use super::world::World;
use crate::finding::{Class, Finding, Severity};
use crate::session::error::explain;
use crate::session::{Session, quote};

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-preset-context",
    title: "a new session already acts as an organization",
    tries: "the setting is read in a session of the application's that has set nothing",
    why: "a default for the role or the database makes every forgotten SET that organization's session",
    class: Class::Context,
    severity: Severity::High,
};

/// Looks at a session that has set nothing: whoever forgets the context acts as that organization.
pub(super) async fn preset(session: &Session, world: &World<'_>) -> Result<Option<Finding>> {
    let context = world.context();
    let sql = format!(
        "select pg_catalog.current_setting({}, true)",
        quote::literal(context)
    );
    let rows = session.query_typed(&sql, &[]).await.map_err(explain)?;
    let value: Option<String> = match rows.first() {
        Some(row) => row.try_get(0).map_err(explain)?,
        None => None,
    };
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let app = world.app_role();
    let role = world.tenancy.app.map_or(0, |role| role.oid);
    let by_role = world
        .tenancy
        .snapshot
        .role_settings
        .iter()
        .any(|setting| setting.role == role && role != 0 && names(&setting.settings, context));
    let (object, fix) = if by_role {
        let fix = format!("ALTER ROLE {} RESET {};", quote::ident(app), context);
        (app.to_owned(), Some(fix))
    } else {
        (context.to_owned(), None)
    };
    Ok(Some(Finding {
        check: CHANNEL.id.to_owned(),
        class: CHANNEL.class,
        severity: CHANNEL.severity,
        object,
        message: format!(
            "a new session of {app} has {context} set already, to {}: whoever forgets to set it \
             acts as that organization",
            quote::printable(&value)
        ),
        path: vec![app.to_owned(), format!("{context} preset")],
        evidence: Some(
            evidence::comment(&format!("as {app}, in a fresh session")) + " " + &sql + ";",
        ),
        fix,
    }))
}

fn names(settings: &[String], wanted: &str) -> bool {
    settings.iter().any(|setting| {
        setting
            .split_once('=')
            .is_some_and(|(name, _)| name.eq_ignore_ascii_case(wanted))
    })
}
