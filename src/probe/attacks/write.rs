//! Changing and removing the other organization's rows by statements that name one.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::super::rows::made_up;
use super::blind::blindly;
use super::{merge, rekey, truncate, upsert};
use crate::catalog::Column;
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;

pub(super) const UPDATE: Channel = Channel {
    id: "probe-update",
    title: "another organization's rows can be changed",
    tries: "UPDATE of one row of B's by its key, as A, and blind ones that read no column, such as \
            UPDATE t SET k = 'x': as A, with an empty context, with none and at an organization that does \
            not exist. On a table of more than 10,000 rows the blind ones are judged from the policies",
    why: "a statement that reads no column is not subject to the SELECT policies, so that a wide UPDATE \
          policy shows only there",
    class: Class::Write,
    severity: Severity::Critical,
};

pub(super) const DELETE: Channel = Channel {
    id: "probe-delete",
    title: "another organization's rows can be removed",
    tries: "DELETE of one row of B's by its key, as A, and DELETE FROM t without a condition: as A, with an \
            empty context, with none and at an organization that does not exist. On a table of more \
            than 10,000 rows the one without a condition is judged from the policies",
    why: "a DELETE without a condition is not subject to the SELECT policies, so that a wide DELETE policy \
          shows only there",
    class: Class::Write,
    severity: Severity::Critical,
};

pub(super) async fn update(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    const DONE: Operation = Operation::Update;
    if !case.rights.updates_any() {
        if let Some(why) = case.nobody_may(DONE) {
            case.held_because(DONE, why);
        }
        return Ok(());
    }
    if !case.may_write(DONE) {
        return Ok(());
    }
    let by_key = changeable(case, false).map(|column| {
        let name = quote::ident(&column.name);
        format!("update {} set {name} = {name}", case.name)
    });
    let blind = blind_update(case);
    let mut told = aimed(case, arena, (DONE, by_key.as_deref())).await?;
    told |= blindly(case, arena, (DONE, blind.as_deref())).await?;
    told |= rekey::attack(case, arena).await?;
    told |= upsert::attack(case, arena).await?;
    merge::change(case, arena, DONE).await?;
    conclude(case, (DONE, told));
    Ok(())
}

/// An UPDATE that reads no column.
pub(super) fn blind_update(case: &Case<'_, '_>) -> Option<String> {
    let column = changeable(case, true)?;
    let made = made_up(case.world.tenancy.snapshot, column)?;
    Some(format!(
        "update {} set {} = {}",
        case.name,
        quote::ident(&column.name),
        quote::literal(&made)
    ))
}

/// A DELETE that reads no column.
pub(super) fn blind_delete(case: &Case<'_, '_>) -> String {
    format!("delete from {}", case.name)
}

pub(super) async fn delete(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    const DONE: Operation = Operation::Delete;
    truncate::judge(case);
    if !case.rights.deletes() {
        if let Some(why) = case.nobody_may(DONE) {
            case.held_because(DONE, why);
        }
        return Ok(());
    }
    if !case.may_write(DONE) {
        return Ok(());
    }
    let sql = blind_delete(case);
    let mut told = aimed(case, arena, (DONE, Some(&sql))).await?;
    told |= blindly(case, arena, (DONE, Some(&sql))).await?;
    merge::change(case, arena, DONE).await?;
    conclude(case, (DONE, told));
    Ok(())
}

/// One row of B's, named by its key. The answer: whether its being spared says anything.
async fn aimed(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (operation, statement): (Operation, Option<&str>),
) -> Result<bool> {
    let (Some(statement), Some(row)) = (statement, case.b_row()) else {
        return Ok(false);
    };
    let sql = format!("{statement} where {row}");
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.affected() > 0 || reply.passed_policy() {
        let what = (channel_of(operation), operation);
        touched(case, arena, what, &[(case.as_a(), &sql)]);
        return Ok(true);
    }
    if timed_out(case, operation, &reply) {
        return Ok(true);
    }
    case.held(operation);
    let own = arena.attempt(case.as_b(), &sql).await?;
    Ok(own.affected() > 0 || own.passed_policy())
}

/// Whether the silence of the attacks on an operation is worth anything.
fn conclude(case: &mut Case<'_, '_>, (operation, told): (Operation, bool)) {
    if case.leaks(operation) || told {
        return;
    }
    if let Some(why) = case.nobody_may(operation) {
        case.held_because(operation, why);
        return;
    }
    let why = match &case.b {
        None => case.nothing_to_aim_at(),
        Some(_) => format!(
            "the other organization cannot {} its own row either, and the table is too large or \
             has no column for a statement that aims at no row",
            operation.word()
        ),
    };
    case.unproven(operation, why);
}

pub(super) fn touched(
    case: &mut Case<'_, '_>,
    arena: &Arena<'_>,
    (channel, operation): (&'static Channel, Operation),
    steps: &[(As<'_>, &str)],
) {
    let verb = match operation {
        Operation::Delete => "delete",
        _ => "change",
    };
    let leak = Leak {
        channel,
        class: case.class(Class::Write),
        severity: channel.severity,
        message: format!(
            "one organization may {verb} rows of another one in {}",
            case.name
        ),
        steps,
    };
    case.leak(arena, Some(operation), leak);
}

/// The channel of a plain statement.
pub(super) fn channel_of(operation: Operation) -> &'static Channel {
    match operation {
        Operation::Delete => &DELETE,
        _ => &UPDATE,
    }
}

pub(super) fn timed_out(case: &mut Case<'_, '_>, operation: Operation, reply: &Reply) -> bool {
    let Some(refused) = reply.refused().filter(|refused| refused.timed_out()) else {
        return false;
    };
    let why = format!("an attack did not come to an end: {}", refused.text);
    case.unproven(operation, why);
    true
}

/// A column to change: not the one that says whose the row is. A blind statement gives all rows one
/// value, so the column must be in no constraint and no index.
pub(super) fn changeable<'c>(case: &Case<'c, '_>, blind: bool) -> Option<&'c Column> {
    let ours = case.link().number;
    let relation = case.relation;
    let fits = |column: &&Column| {
        column.number != ours
            && !column.generated
            && column.identity != Some('a')
            && case.rights.may_update(&column.name)
    };
    let free = |column: &&Column| {
        let indexed = relation.indexes.iter().any(|index| {
            index.columns.contains(&column.number)
                || index
                    .expressions
                    .as_ref()
                    .is_some_and(|text| text.contains(&column.name))
        });
        let constrained = relation
            .constraints
            .iter()
            .any(|constraint| constraint.columns.contains(&column.number));
        !indexed && !constrained && made_up(case.world.tenancy.snapshot, column).is_some()
    };
    let readable = |column: &&Column| case.rights.may_select(&column.name);
    let columns = || relation.columns.iter().filter(fits);
    if blind {
        columns().find(free)
    } else {
        columns()
            .filter(readable)
            .find(free)
            .or_else(|| columns().find(readable))
    }
}
