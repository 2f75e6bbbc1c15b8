//! INSERT … ON CONFLICT DO UPDATE with a key that the other organization has.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::Case;
use super::super::channel::Channel;
use super::super::rows::insert;
use super::collision::{self, Key};
use super::write::{changeable, timed_out, touched};
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;

const UPDATE: Operation = Operation::Update;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-upsert",
    title: "an upsert changes another organization's row",
    tries: "INSERT … ON CONFLICT DO UPDATE of a row of A's own that has B's value in a unique key, for \
            every unique constraint and index that leaves the tenant out, partial and on expressions too",
    why: "the conflict is found past the policies; only the UPDATE policies then stand before the row",
    class: Class::Write,
    severity: Severity::Critical,
};

/// Whether it says anything that B's row was spared.
pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<bool> {
    let Some(changed) = changeable(case, false) else {
        return Ok(false);
    };
    let changed = quote::ident(&changed.name);
    let keys = collision::keys(case).await?;
    for key in keys.into_iter().filter(|key| !key.names_tenant) {
        if case.leaks(UPDATE) {
            return Ok(true);
        }
        if one(case, arena, (&key, &changed)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn one(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (key, changed): (&Key<'_>, &str),
) -> Result<bool> {
    let Some(target) = &key.target else {
        return Ok(false);
    };
    let Some(row) = collision::row_with(case, &key.values) else {
        return Ok(false);
    };
    let sql = format!(
        "{} on conflict {target} do update set {changed} = {}.{changed}",
        insert(case.relation, &row),
        quote::ident(&case.relation.name)
    );
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.affected() > 0 && !is_new(case, arena, &sql).await? {
        touched(case, arena, (&CHANNEL, UPDATE), &[(case.as_a(), &sql)]);
        return Ok(true);
    }
    if !timed_out(case, UPDATE, &reply) {
        case.held(UPDATE);
    }
    Ok(false)
}

/// Whether the row went in as one of its own: then there was no conflict, and it has no `xmax`.
async fn is_new(case: &Case<'_, '_>, arena: &mut Arena<'_>, sql: &str) -> Result<bool> {
    let returning = format!("{sql} returning (xmax = 0)::text");
    let reply = arena.attempt(case.as_a(), &returning).await?;
    Ok(reply.value() == Some("true"))
}
