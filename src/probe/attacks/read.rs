//! Reading the other organization's rows by a plain SELECT: all of them, by key, by row.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::super::specimen;
use super::insert::NULL_KEY;
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;

const READ: Operation = Operation::Select;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-read",
    title: "another organization's rows are visible",
    tries: "SELECT with the context at A: one row of B's by its key, rows by B's id or parent, every row \
            that is not A's, and the same from other organizations; B must see the row that A does not",
    why: "the policy that should filter is missing, too wide or does not apply to the application's role",
    class: Class::Policy,
    severity: Severity::Critical,
};

/// Attacks; silence counts only where B sees the very row that A does not. Whether there is such a
/// row: then it is worth asking for it in other ways.
pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<bool> {
    if !case.rights.selects_any() {
        if let Some(why) = case.nobody_may(READ) {
            case.held_because(READ, why);
        }
        return Ok(false);
    }
    let unseen = by_row(case, arena).await?;
    if case.reads_link() {
        if case.is_via() {
            sample_of_children(case, arena).await?;
        } else {
            everything(case, arena).await?;
            counted(case, arena).await?;
            without_organization(case, arena).await?;
        }
        by_link(case, arena).await?;
    }
    control(case, arena).await?;
    Ok(unseen)
}

/// One row of B's, by its own key; whether there is one and A does not see it.
async fn by_row(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<bool> {
    let Some(row) = case.b_row() else {
        return Ok(false);
    };
    let sql = format!("select 1 from {} where {row} limit 1", case.name);
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.rows().is_empty() {
        settle(case, &reply)?;
        return Ok(true);
    }
    // Without a key the same values may stand in a row of A's.
    let own = format!(
        "select 1 from {} x where {} and {row} limit 1",
        case.name,
        case.world.belongs(case.table.oid, "x", &case.world.a)
    );
    let named = specimen::key_columns(case.relation, &|column| {
        case.rights.may_select(&column.name)
    });
    match case.admin_sees(&own).await? {
        Some(true) => return Ok(false),
        None if named.is_none() => return Ok(false),
        _ => {}
    }
    found(case, arena, Severity::Critical, &[(case.as_a(), &sql)]);
    Ok(false)
}

/// Rows of any organization but one's own, from several organizations' points of view.
async fn everything(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let key = case.link_name();
    let world = case.world;
    for viewer in std::iter::once(&world.a).chain(&world.others) {
        let who = As::Context(viewer);
        let filtered = format!(
            "select {key}::text from {} where {key} is distinct from {} and {key} is not null limit 1",
            case.name,
            quote::literal(viewer)
        );
        let reply = arena.attempt(who, &filtered).await?;
        if reply.value().is_some() {
            found(case, arena, Severity::High, &[(who, &filtered)]);
            return Ok(());
        }
        settle(case, &reply)?;
    }
    // The server may plan a plain read differently; the comparison is done on our side.
    let plain = format!("select {key}::text from {} limit 200", case.name);
    let reply = arena.attempt(case.as_a(), &plain).await?;
    let foreign = reply
        .rows()
        .iter()
        .filter_map(|row| row.first()?.as_deref())
        .any(|value| value != case.world.a);
    if foreign {
        found(case, arena, Severity::High, &[(case.as_a(), &plain)]);
        return Ok(());
    }
    settle(case, &reply)
}

/// Rows that are counted, against rows that are one's own.
async fn counted(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let key = case.link_name();
    let sql = format!(
        "select pg_catalog.count(*) filter (where k is distinct from {}) from (select {key} as k \
         from {} limit 10000) counted where k is not null",
        quote::literal(&case.world.a),
        case.name
    );
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.value().is_some_and(|count| count != "0") {
        found(case, arena, Severity::High, &[(case.as_a(), &sql)]);
        return Ok(());
    }
    settle(case, &reply)
}

/// Rows without an organization are everybody's.
async fn without_organization(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if case.link().not_null {
        return Ok(());
    }
    let key = case.link_name();
    let sql = format!("select 1 from {} where {key} is null limit 1", case.name);
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.rows().is_empty() {
        return settle(case, &reply);
    }
    let message = format!(
        "rows of {} whose {key} is null are visible to every organization",
        case.name
    );
    let leak = Leak {
        channel: &NULL_KEY,
        class: case.class(Class::Key),
        severity: NULL_KEY.severity,
        message,
        steps: &[(case.as_a(), &sql)],
    };
    case.leak(arena, Some(READ), leak);
    Ok(())
}

/// Rows by B's key, or by the id of a parent of B's.
async fn by_link(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let Some(link) = case.b_link.clone() else {
        return Ok(());
    };
    let sql = format!(
        "select 1 from {} where {} = {} limit 1",
        case.name,
        case.link_name(),
        quote::literal(&link)
    );
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.rows().is_empty() {
        return settle(case, &reply);
    }
    found(case, arena, Severity::High, &[(case.as_a(), &sql)]);
    Ok(())
}

/// Children that A sees, whose parents the administrator knows.
async fn sample_of_children(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let world = case.world;
    let link = case.link_name();
    for viewer in std::iter::once(&world.a).chain(&world.others) {
        let who = As::Context(viewer);
        let sql = format!(
            "select distinct {link}::text from {} where {link} is not null limit 200",
            case.name
        );
        let reply = arena.attempt(who, &sql).await?;
        let seen: Vec<String> = reply
            .rows()
            .iter()
            .filter_map(|row| row.first()?.as_deref())
            .map(quote::literal)
            .collect();
        if seen.is_empty() {
            settle(case, &reply)?;
            continue;
        }
        // A parent that the administrator does not find is a canary of this transaction.
        let judged = format!(
            "select 1 from {} x where x.{link} in ({}) and {} limit 1",
            case.name,
            seen.join(", "),
            world.foreign(case.table.oid, "x", viewer)
        );
        if case.admin_sees(&judged).await? == Some(true) {
            found(case, arena, Severity::High, &[(who, &sql)]);
            return Ok(());
        }
        settle(case, &reply)?;
    }
    Ok(())
}

/// B must see its own row, or A's not seeing it says nothing.
async fn control(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if case.leaks(READ) {
        return Ok(());
    }
    if let Some(why) = case.nobody_may(READ) {
        case.held_because(READ, why);
        return Ok(());
    }
    let Some(row) = case.b_row() else {
        let why = match case.b {
            None => case.nothing_to_aim_at(),
            Some(_) => "no column that could tell rows apart may be read".to_owned(),
        };
        case.unproven(READ, why);
        return Ok(());
    };
    let sql = format!("select 1 from {} where {row} limit 1", case.name);
    let reply = arena.attempt(case.as_b(), &sql).await?;
    if reply.rows().is_empty() {
        let why = reply.refused().map_or_else(
            || "it does not see its own row either".to_owned(),
            |refused| refused.text.clone(),
        );
        case.unproven(
            READ,
            format!("the other organization cannot read this table itself: {why}"),
        );
    }
    Ok(())
}

/// Books an attack that found nothing.
fn settle(case: &mut Case<'_, '_>, reply: &Reply) -> Result<()> {
    match reply.refused() {
        Some(refused) if refused.timed_out() => {
            let why = format!("an attack did not come to an end: {}", refused.text);
            case.unproven(READ, why);
        }
        _ => case.held(READ),
    }
    Ok(())
}

fn found(case: &mut Case<'_, '_>, arena: &Arena<'_>, severity: Severity, steps: &[(As<'_>, &str)]) {
    let message = format!(
        "with the context at one organization, rows of another one in {} are visible",
        case.name
    );
    let severity = match case.class(Class::Policy) {
        Class::Policy => severity,
        // No policy stands in the way: every row, not some.
        _ => Severity::Critical,
    };
    let leak = Leak {
        channel: &CHANNEL,
        class: case.class(Class::Policy),
        severity,
        message,
        steps,
    };
    case.leak(arena, Some(READ), leak);
}
