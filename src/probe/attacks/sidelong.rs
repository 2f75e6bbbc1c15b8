//! Reading the row that a plain SELECT did not show in every other way there is.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::{Answer, Reply};
use super::{aggregate, copy, cursor, join, lock, prepared};
use crate::finding::{Class, Operation, Severity};

const READ: Operation = Operation::Select;

/// Only where the plain read is held: what it shows, all of these show.
pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let Some(row) = case.b_row() else {
        return Ok(());
    };
    if case.leaks(READ) {
        return Ok(());
    }
    lock::attack(case, arena, &row).await?;
    aggregate::attack(case, arena, &row).await?;
    join::attack(case, arena, &row).await?;
    copy::attack(case, arena, &row).await?;
    cursor::attack(case, arena, &row).await?;
    prepared::attack(case, arena, &row).await
}

/// Asks as A and, in the same breath, as B. A query that returns anything has found B's row; that A
/// gets nothing counts where B gets something.
pub(super) async fn ask(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (channel, sql): (&'static Channel, &str),
) -> Result<()> {
    let steps = [(case.as_a(), sql), (case.as_b(), sql)];
    let reply = arena.script(&steps).await?;
    let (ours, theirs) = match &reply {
        Reply::Done(answers) => (answers.first(), answers.last()),
        Reply::Refused(_) => (None, None),
    };
    weigh(case, arena, (channel, &steps[..1]), (ours, theirs));
    settle(case, &reply);
    Ok(())
}

/// What two answers come to: the attacker's, which must be empty, and the victim's, which must not.
pub(super) fn weigh(
    case: &mut Case<'_, '_>,
    arena: &Arena<'_>,
    (channel, steps): (&'static Channel, &[(As<'_>, &str)]),
    (ours, theirs): (Option<&Answer>, Option<&Answer>),
) {
    let some = |answer: Option<&Answer>| answer.is_some_and(|answer| !answer.rows.is_empty());
    if some(ours) {
        let leak = Leak {
            channel,
            class: case.class(channel.class),
            severity: channel.severity,
            message: format!("{}: a row of another one in {}", channel.title, case.name),
            steps,
        };
        case.leak(arena, Some(READ), leak);
    } else if some(theirs) {
        case.held(READ);
    }
}

/// A refusal is no answer either way; only that it took too long has to be said.
pub(super) fn settle(case: &mut Case<'_, '_>, reply: &Reply) {
    if let Some(refused) = reply.refused().filter(|refused| refused.timed_out()) {
        let why = format!("an attack did not come to an end: {}", refused.text);
        case.unproven(READ, why);
    }
}

/// A channel that shows what a plain SELECT does not.
pub(super) const fn channel(
    id: &'static str,
    title: &'static str,
    [tries, why]: [&'static str; 2],
) -> Channel {
    Channel {
        id,
        title,
        tries,
        why,
        class: Class::Policy,
        severity: Severity::High,
    }
}
