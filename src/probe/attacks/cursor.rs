//! A cursor that one organization's request opens and another one's reads.
//!
//! Once a cursor has been fetched from, its rows are those of the context at that time: PostgreSQL
//! evaluates `(select current_setting(…))` once an execution, and WITH HOLD stores the rows. That is
//! so whatever the policies are, so only the first FETCH is an attack.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::Case;
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::prepared::with_cause;
use super::sidelong::{channel, settle, weigh};
use crate::finding::Class;

pub(super) const CHANNEL: Channel = Channel {
    class: Class::Context,
    ..channel(
        "probe-cursor",
        "a cursor keeps the context under which it was declared",
        [
            "a cursor over one row of B's, declared with the context at B and first fetched from with \
             the context at A; another one, fetched from as B, must return the row. WITH HOLD and a \
             cursor that was fetched from before are left out: their rows are the old context's by \
             PostgreSQL's own rules",
            "DECLARE plans the query: where a policy calls a function that is wrongly IMMUTABLE, the \
             context of that moment is part of the plan",
        ],
    )
};

pub(super) async fn attack(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    row: &str,
) -> Result<()> {
    let declare = |name: &str| {
        format!(
            "declare {name} no scroll cursor for select 1 from {} where {row}",
            case.name
        )
    };
    let (theirs, ours) = (declare("tenantctl_b"), declare("tenantctl_a"));
    let steps = [
        (case.as_b(), theirs.as_str()),
        (case.as_b(), "fetch all from tenantctl_b"),
        (case.as_b(), ours.as_str()),
        (case.as_a(), "fetch all from tenantctl_a"),
    ];
    let reply = arena.script(&steps).await?;
    let told: [(As<'_>, &str); 2] = [steps[2], steps[3]];
    if let Reply::Done(answers) = &reply {
        let found = (answers.get(3), answers.get(1));
        weigh(case, arena, (&CHANNEL, &told), found);
        with_cause(case, &CHANNEL);
    }
    settle(case, &reply);
    Ok(())
}
