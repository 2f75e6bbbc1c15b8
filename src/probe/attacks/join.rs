//! Rows that are only asked after: EXISTS, LATERAL, a join with reference data.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::Case;
use super::super::channel::Channel;
use super::sidelong::{ask, channel};

pub(super) const CHANNEL: Channel = channel(
    "probe-join",
    "EXISTS and joins tell of another organization's rows",
    [
        "one row of B's inside of EXISTS, of a LATERAL sub-select, and joined with a shared table, \
         as A; the same as B must find it",
        "a policy holds wherever a table is named, but the planner may move a sub-select, and a \
         condition of the join may be evaluated before the policy",
    ],
);

pub(super) async fn attack(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    row: &str,
) -> Result<()> {
    let name = &case.name;
    let mut forms = vec![
        format!("select 1 where exists (select from {name} where {row})"),
        format!(
            "select 1 from (values (1)) one (n) cross join lateral \
             (select from {name} where {row} and one.n = 1) found"
        ),
    ];
    if let Some(shared) = shared(case) {
        forms.push(format!(
            "select 1 from (select from {shared} limit 1) shared join {name} on {row} limit 1"
        ));
    }
    for sql in forms {
        ask(case, arena, (&CHANNEL, &sql)).await?;
    }
    Ok(())
}

/// A shared table that the application may read.
fn shared(case: &Case<'_, '_>) -> Option<String> {
    let world = case.world;
    world
        .tenancy
        .shared
        .iter()
        .find(|oid| {
            world
                .rights
                .get(oid)
                .is_some_and(|rights| rights.selects_any())
        })
        .and_then(|oid| world.tenancy.snapshot.relations.get(oid))
        .map(crate::catalog::Relation::qualified)
}
