//! One's own row becomes the other organization's.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::{Answer, Reply};
use super::write::timed_out;
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;
use crate::tenancy::Reach;

const UPDATE: Operation = Operation::Update;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-rekey",
    title: "rows can be handed to another organization",
    tries: "UPDATE of A's own row that sets its tenant key, or its parent, to B's; by key and, on a \
            small table, reading no column",
    why: "where WITH CHECK is wider than USING, rows leave their tenant for another one, which then sees \
          them as its own",
    class: Class::Write,
    severity: Severity::High,
};

pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<bool> {
    if !case.rights.may_update(&case.link().name) {
        return Ok(false);
    }
    let target = match case.table.reach {
        Reach::Registry { .. } => Some(case.world.unknown().to_owned()),
        _ => case.b_link.clone(),
    };
    let Some(target) = target else {
        return Ok(false);
    };
    let set = format!(
        "update {} set {} = {}",
        case.name,
        case.link_name(),
        quote::literal(&target)
    );
    let aimed = case.a_row().map(|row| format!("{set} where {row}"));
    // Reading no column, so that the SELECT policies are not asked about the new row.
    let blind = (case.is_small() && case.a.is_some()).then(|| set.clone());
    for sql in aimed.into_iter().chain(blind) {
        let reply = arena.attempt(case.as_a(), &sql).await?;
        let out_of_place = reply
            .refused()
            .is_some_and(|refused| refused.leaves_partition());
        if !out_of_place && (reply.affected() > 0 || reply.passed_policy()) {
            if case.is_rewritten() && !moved(case, arena, &sql).await? {
                continue;
            }
            moved_away(case, arena, &sql);
            return Ok(true);
        }
        if timed_out(case, UPDATE, &reply) {
            return Ok(true);
        }
        case.held(UPDATE);
    }
    Ok(false)
}

/// Where a trigger may have put the key back: whether A's row is gone from A.
async fn moved(case: &Case<'_, '_>, arena: &mut Arena<'_>, sql: &str) -> Result<bool> {
    let count = format!("select pg_catalog.count(*) from {}", case.name);
    let steps = [
        (case.as_a(), count.as_str()),
        (case.as_a(), sql),
        (case.as_a(), count.as_str()),
    ];
    Ok(match arena.script(&steps).await? {
        Reply::Done(answers) => {
            let seen = |answer: Option<&Answer>| answer.and_then(|a| a.rows.first()).cloned();
            seen(answers.first()) != seen(answers.last())
        }
        Reply::Refused(refused) => refused.passed_policy(),
    })
}

fn moved_away(case: &mut Case<'_, '_>, arena: &Arena<'_>, sql: &str) {
    let leak = Leak {
        channel: &CHANNEL,
        class: case.class(Class::Write),
        severity: CHANNEL.severity,
        message: format!(
            "one organization may hand its rows of {} to another by changing {}",
            case.name,
            case.link_name()
        ),
        steps: &[(case.as_a(), sql)],
    };
    case.leak(arena, Some(UPDATE), leak);
}
