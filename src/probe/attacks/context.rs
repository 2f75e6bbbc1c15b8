//! Reading without a context, with one that names no organization, and with one's own in another
//! spelling: nothing of anybody else may be visible.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::Reply;
use crate::finding::{Class, Operation, Severity};
use crate::settings::KeyType;

const READ: Operation = Operation::Select;

pub(super) const NONE: Channel = Channel {
    id: "probe-no-context",
    title: "rows are visible where the context names no organization",
    tries: "a SELECT with the context never set, empty, malformed, a wildcard, at an organization that \
            does not exist, and as an earlier transaction has left it; it may return no row",
    why: "whatever forgets to set the context, a job, a console, a pooled connection, then sees rows, \
          most often everybody's",
    class: Class::Context,
    severity: Severity::Critical,
};

pub(super) const SPELLING: Channel = Channel {
    id: "probe-context-spelling",
    title: "the context in another spelling shows another organization's rows",
    tries: "one row of B's with the context at A's id with trailing blanks, in upper case, and as the \
            key's type also reads it (braces, leading zeros)",
    why: "a policy that trims, folds or casts takes two organizations for one",
    class: Class::Context,
    severity: Severity::High,
};

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
    .await?;
    spelled(case, arena).await
}

/// A's own id, spelled differently.
async fn spelled(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let Some(row) = case.b_row() else {
        return Ok(());
    };
    let sql = format!("select 1 from {} where {row} limit 1", case.name);
    // What A sees anyway is not due to the spelling.
    if !arena.attempt(case.as_a(), &sql).await?.rows().is_empty() {
        return Ok(());
    }
    for spelling in spellings(case.world.key_type(), &case.world.a) {
        // For text keys it may be another organization's id: then it is no spelling.
        if spelling == case.world.b || case.world.others.contains(&spelling) {
            continue;
        }
        let who = As::Context(&spelling);
        let reply = arena.attempt(who, &sql).await?;
        if reply.rows().is_empty() {
            settle(case, &reply, "in another spelling");
            continue;
        }
        let leak = Leak {
            channel: &SPELLING,
            class: case.class(Class::Context),
            severity: SPELLING.severity,
            message: format!("{}: {}", SPELLING.title, case.name),
            steps: &[(who, &sql)],
        };
        case.leak(arena, Some(READ), leak);
        return Ok(());
    }
    Ok(())
}

/// Other ways to write an id; none is the id itself.
fn spellings(kind: KeyType, id: &str) -> Vec<String> {
    let folded = if id.chars().any(char::is_lowercase) {
        id.to_uppercase()
    } else {
        id.to_lowercase()
    };
    let mut all = vec![format!("{id}  "), folded];
    match kind {
        KeyType::Uuid => all.push(format!("{{{id}}}")),
        KeyType::Bigint | KeyType::Integer => all.push(format!("0{id}")),
        KeyType::Text => {}
    }
    all.retain(|spelling| spelling != id);
    all
}

/// The same in a session that has never set the context.
pub(super) async fn never_set(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
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
            channel: &NONE,
            class: case.class(Class::Context),
            severity: NONE.severity,
            message: format!("{how}, rows of {} are visible", case.name),
            steps: &[(who, &sql)],
        };
        case.leak(arena, Some(READ), leak);
        return Ok(());
    }
    settle(case, &reply, how);
    Ok(())
}

fn settle(case: &mut Case<'_, '_>, reply: &Reply, how: &str) {
    match reply.refused() {
        Some(refused) if refused.timed_out() => {
            let why = format!("reading {how} did not come to an end: {}", refused.text);
            case.unproven(READ, why);
        }
        _ => case.held(READ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_spelling_is_never_the_id_itself() {
        assert_eq!(spellings(KeyType::Text, "acme"), ["acme  ", "ACME"]);
        assert_eq!(spellings(KeyType::Bigint, "7"), ["7  ", "07"]);
        assert_eq!(spellings(KeyType::Uuid, "0a-b").len(), 3);
    }
}
