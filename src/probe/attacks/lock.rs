//! FOR UPDATE and FOR KEY SHARE, which ask the UPDATE policies too.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::Case;
use super::super::channel::Channel;
use super::super::world::Writes;
use super::sidelong::{ask, channel};

pub(super) const CHANNEL: Channel = channel(
    "probe-lock",
    "locking clauses show or lock another organization's rows",
    [
        "SELECT … FOR UPDATE and FOR KEY SHARE of one row of B's, as A; B itself must get and lock it",
        "a locking clause asks the UPDATE policies beside the SELECT policies; a row that comes back \
         is locked as well, so that its owner has to wait",
    ],
);

/// Both ends of the four strengths; those between ask nothing else.
pub(super) async fn attack(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    row: &str,
) -> Result<()> {
    if !case.rights.updates_any() || case.world.writes != Writes::Allowed {
        return Ok(());
    }
    for strength in ["update", "key share"] {
        let sql = format!(
            "select 1 from {} where {row} limit 1 for {strength}",
            case.name
        );
        ask(case, arena, (&CHANNEL, &sql)).await?;
    }
    Ok(())
}
