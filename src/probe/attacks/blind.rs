//! Statements that read no column: `DELETE FROM t`, `UPDATE t SET k = 'x'`.
//!
//! A statement with a WHERE reads columns, and then the SELECT policies limit it too. A blind one
//! meets the UPDATE or DELETE policies alone. It is tried where it must touch nothing, with the
//! context at no organization, and as A, whose own rows it touches too. On a large table it would
//! rewrite millions of rows where a policy is open, so there the policies are read instead.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{BLIND_LIMIT, Case, Leak};
use super::super::reply::{Answer, Reply};
use super::super::world::Writes;
use super::write::{blind_delete, blind_update, channel_of, timed_out, touched};
use crate::finding::{Class, Operation, Severity};
use crate::predicate::{Answer as Proof, Need, Prover};

/// Every row that the UPDATE or DELETE policies let through; whether silence says anything.
pub(super) async fn blindly(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (operation, sql): (Operation, Option<&str>),
) -> Result<bool> {
    let Some(sql) = sql else {
        return Ok(false);
    };
    if !case.is_small() {
        judge(case, arena, (operation, sql));
        return Ok(false);
    }
    let mut told = false;
    for nobody in [As::Context(case.world.unknown()), As::Context("")] {
        let reply = arena.attempt(nobody, sql).await?;
        if spared(case, arena, (operation, nobody, sql), &reply) {
            // Being refused, by a trigger or a cast, says nothing about the rows.
            let some = case.rows.is_some_and(|rows| rows > 0) || !arena.prologue.is_empty();
            told |= some && reply.refused().is_none();
        } else {
            return Ok(true);
        }
    }
    as_a_blindly(case, arena, (operation, sql)).await?;
    Ok(told)
}

/// The same in a session that has never set the context.
pub(super) async fn never_set(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if case.world.writes != Writes::Allowed || !case.is_small() || case.world.exempt(case.relation)
    {
        return Ok(());
    }
    let update = blind_update(case).map(|sql| (Operation::Update, sql));
    let delete = case.rights.deletes().then(|| blind_delete(case));
    let delete = delete.map(|sql| (Operation::Delete, sql));
    for (operation, sql) in update.into_iter().chain(delete) {
        let reply = arena.attempt(As::Unset, &sql).await?;
        spared(case, arena, (operation, As::Unset, &sql), &reply);
    }
    Ok(())
}

/// Books a blind statement under a context of nobody's; whether it came to an end and touched
/// nothing.
fn spared(
    case: &mut Case<'_, '_>,
    arena: &Arena<'_>,
    (operation, nobody, sql): (Operation, As<'_>, &str),
    reply: &Reply,
) -> bool {
    if reply.affected() > 0 || reply.passed_policy() {
        let what = (channel_of(operation), operation);
        touched(case, arena, what, &[(nobody, sql)]);
        return false;
    }
    if timed_out(case, operation, reply) {
        return false;
    }
    case.held(operation);
    true
}

/// What the policies say of a statement that is not executed.
fn judge(case: &mut Case<'_, '_>, arena: &Arena<'_>, (operation, sql): (Operation, &str)) {
    let Some(app) = case.world.tenancy.app else {
        return;
    };
    if case.world.exempt(case.relation) || case.leaks(operation) {
        return;
    }
    let need = match operation {
        Operation::Delete => Need::Delete,
        _ => Need::UpdateOld,
    };
    let size = match case.rows {
        Some(_) => format!("it has more than {BLIND_LIMIT} rows"),
        None => "how many rows it has cannot be told".to_owned(),
    };
    let verb = operation.word();
    let roles = case.world.app_roles.clone();
    let prover = Prover::new(case.world.tenancy, app.oid, roles).in_session_of(app.oid);
    match prover.judge(case.relation, need) {
        Proof::Denied => case.note(
            operation,
            format!("{size}: a blind {verb} was not executed, and no policy permits one"),
        ),
        Proof::Proved(why) => case.note(
            operation,
            format!("{size}: a blind {verb} was judged from the policies, not executed: {why}"),
        ),
        Proof::Unproven(why) => case.unproven(
            operation,
            format!("{size}, so a blind {verb} was not executed, and the policies cannot be judged: {why}"),
        ),
        Proof::Leaking(_) => {
            let channel = channel_of(operation);
            let explain = format!("explain (costs off) {sql}");
            let leak = Leak {
                channel,
                class: case.class(Class::Write),
                severity: Severity::Critical,
                message: format!(
                    "one organization may {verb} rows of another one in {} by a statement that reads no \
                     column (judged from the policies, not executed: {size})",
                    case.name
                ),
                steps: &[(As::Context(case.world.unknown()), &explain)],
            };
            case.leak(arena, Some(operation), leak);
        }
    }
}

/// As A, whose own rows are touched too; what counts is what becomes of B's.
async fn as_a_blindly(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (operation, sql): (Operation, &str),
) -> Result<()> {
    let Some(row) = case.b_row() else {
        return Ok(());
    };
    let whole = case
        .relation
        .columns
        .iter()
        .all(|column| case.rights.may_select(&column.name));
    let mark = if whole { "xmin::text" } else { "1" };
    let look = format!("select {mark} from {} where {row}", case.name);
    let steps = [
        (case.as_b(), look.as_str()),
        (case.as_a(), sql),
        (case.as_b(), look.as_str()),
    ];
    let Reply::Done(answers) = arena.script(&steps).await? else {
        // Stopped by a constraint, most likely of its own rows: the other attempts decide.
        return Ok(());
    };
    let seen = |answer: Option<&Answer>| answer.and_then(|a| a.rows.first()).cloned();
    let (before, after) = (seen(answers.first()), seen(answers.last()));
    if before.is_some() && before != after {
        touched(case, arena, (channel_of(operation), operation), &steps);
    } else if before.is_some() {
        case.held(operation);
    }
    Ok(())
}
