//! COPY … TO STDOUT: rows by the protocol of dumps and exports.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::Case;
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::sidelong::{channel, settle, weigh};
use crate::finding::Operation;

pub(super) const CHANNEL: Channel = channel(
    "probe-copy",
    "COPY … TO STDOUT hands out another organization's rows",
    [
        "COPY (SELECT …) TO STDOUT of one row of B's, as A, which as B must bring it, and COPY of the \
         tenant key of a whole small table",
        "COPY is turned into a query only where policies apply; it is what dumps and exports use",
    ],
);

pub(super) async fn attack(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    row: &str,
) -> Result<()> {
    let sql = format!(
        "copy (select 1 from {} where {row} limit 1) to stdout",
        case.name
    );
    let ours = arena.copy_out(case.as_a(), &sql).await?;
    let theirs = arena.copy_out(case.as_b(), &sql).await?;
    weigh(
        case,
        arena,
        (&CHANNEL, &[(case.as_a(), &sql)]),
        (ours.last(), theirs.last()),
    );
    settle(case, &ours);
    if case.leaks(Operation::Select) || !case.is_small() || !case.reads_link() || case.is_via() {
        return Ok(());
    }
    let sql = format!("copy {} ({}) to stdout", case.name, case.link_name());
    let mut reply = arena.copy_out(case.as_a(), &sql).await?;
    settle(case, &reply);
    if let Reply::Done(answers) = &mut reply {
        // Rows of nobody are asked for elsewhere.
        let own = |row: &Vec<Option<String>>| {
            let value = row.first().and_then(Option::as_deref).unwrap_or("\\N");
            value == "\\N" || value == case.world.a || value.contains('\\')
        };
        for answer in answers {
            answer.rows.retain(|row| !own(row));
        }
    }
    weigh(
        case,
        arena,
        (&CHANNEL, &[(case.as_a(), &sql)]),
        (reply.last(), theirs.last()),
    );
    Ok(())
}
