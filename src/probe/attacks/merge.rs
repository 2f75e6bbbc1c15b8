//! MERGE, which changes, removes and inserts in one statement.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::rows::{self, Cell};
use super::write::{changeable, timed_out, touched};
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-merge",
    title: "MERGE writes another organization's rows",
    tries: "from PostgreSQL 15 on: MERGE that matches one row of B's and updates or deletes it, and \
            one that inserts a row for B, as A, where the plain statements were held; B's own must work",
    why: "MERGE asks the policies at other places than the plain statements do; PostgreSQL 15.0 to 15.3 \
          left some out (CVE-2023-39418)",
    class: Class::Write,
    severity: Severity::Critical,
};

/// The first version that has it.
const SINCE: i32 = 15;

/// Of one row of B's.
pub(super) async fn change(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    operation: Operation,
) -> Result<()> {
    let Some(row) = case.b_row().filter(|_| may(case, operation)) else {
        return Ok(());
    };
    let action = match operation {
        Operation::Delete => "delete".to_owned(),
        _ => match changeable(case, false) {
            Some(column) => {
                let name = quote::ident(&column.name);
                format!(
                    "update set {name} = {}.{name}",
                    quote::ident(&case.relation.name)
                )
            }
            None => return Ok(()),
        },
    };
    let sql = format!(
        "merge into {} using (select 1) source on {row} when matched then {action}",
        case.name
    );
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.affected() > 0 || reply.passed_policy() {
        touched(case, arena, (&CHANNEL, operation), &[(case.as_a(), &sql)]);
        return Ok(());
    }
    if !timed_out(case, operation, &reply) {
        case.held(operation);
    }
    Ok(())
}

/// Of a row for B.
pub(super) async fn insert(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    row: &[Cell],
) -> Result<()> {
    // What a trigger makes of a row the INSERT has shown.
    if row.is_empty() || !may(case, Operation::Insert) || case.is_rewritten() {
        return Ok(());
    }
    let statement = rows::insert(case.relation, row);
    let (_, values) = statement.split_at("insert into ".len() + case.name.len());
    let sql = format!(
        "merge into {} using (select 1) source on false when not matched then insert{values}",
        case.name
    );
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.affected() == 0 && !reply.passed_policy() {
        if !timed_out(case, Operation::Insert, &reply) {
            case.held(Operation::Insert);
        }
        return Ok(());
    }
    let leak = Leak {
        channel: &CHANNEL,
        class: case.class(Class::Write),
        severity: Severity::High,
        message: format!(
            "one organization may insert rows into {} that belong to another by MERGE",
            case.name
        ),
        steps: &[(case.as_a(), &sql)],
    };
    case.leak(arena, Some(Operation::Insert), leak);
    Ok(())
}

fn may(case: &Case<'_, '_>, operation: Operation) -> bool {
    case.world.tenancy.snapshot.server.major() >= SINCE
        && case.relation.kind.is_table()
        && case.relation.rules.is_empty()
        && !case.leaks(operation)
}
