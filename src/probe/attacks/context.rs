//! Reading without a context, or with one that names no organization: nothing may be visible.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{Case, Leak};
use crate::finding::{Class, Operation, Severity};
use crate::settings::KeyType;

const READ: Operation = Operation::Select;

/// Empty (which is also what a rolled-back SET LOCAL leaves), malformed, a wildcard, unknown.
pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if !case.rights.selects_any() || read_anyway(case) {
        return Ok(());
    }
    let unknown = case.world.unknown();
    let malformed = match case.world.key_type() {
        KeyType::Text => " ",
        _ => "tenantctl-malformed",
    };
    let contexts = [
        ("with an empty context", ""),
        ("with a malformed context", malformed),
        ("with a wildcard as the context", "%"),
        ("with the context at no organization", unknown),
    ];
    for (how, context) in contexts {
        try_one(case, arena, (how, As::Context(context))).await?;
    }
    // What an earlier transaction of a pooled connection leaves behind.
    try_one(
        case,
        arena,
        ("with a context left over from before", As::Unset),
    )
    .await
}

/// The same in a session that has never set the context.
pub(crate) async fn never_set(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if !case.rights.selects_any() || read_anyway(case) {
        return Ok(());
    }
    try_one(case, arena, ("without a context", As::Unset)).await
}

/// Where no policy applies, B's rows are read with any context: once is enough to say so.
fn read_anyway(case: &Case<'_, '_>) -> bool {
    case.world.exempt(case.relation) && case.b.is_some()
}

async fn try_one(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (how, who): (&str, As<'_>),
) -> Result<()> {
    let sql = if !case.reads_link() {
        format!("select 1 from {} limit 1", case.name)
    } else {
        let link = case.link_name();
        format!(
            "select {link}::text from {} where {link} is not null limit 1",
            case.name
        )
    };
    let reply = arena.attempt(who, &sql).await?;
    if !reply.rows().is_empty() {
        let leak = Leak {
            check: "probe-no-context",
            class: case.class(Class::Context),
            severity: Severity::Critical,
            message: format!("{how}, rows of {} are visible", case.name),
            steps: &[(who, &sql)],
        };
        case.leak(arena, Some(READ), leak);
        return Ok(());
    }
    match reply.refused() {
        Some(refused) if refused.timed_out() => {
            let why = format!("reading {how} did not come to an end: {}", refused.text);
            case.unproven(READ, why);
        }
        _ => case.held(READ),
    }
    Ok(())
}
