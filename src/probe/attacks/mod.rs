//! The attacks on tenant tables, one file a channel; partitions and children are tables like any
//! other here, attacked by their own names.

mod aggregate;
mod blind;
mod cascade;
mod collision;
mod context;
mod copy;
mod cursor;
mod insert;
mod join;
mod lock;
mod merge;
mod overheard;
mod prepared;
mod read;
mod references;
mod rekey;
mod reuse;
mod sidelong;
mod truncate;
mod upsert;
mod write;

use anyhow::Result;

use super::arena::Arena;
use super::case::Case;
use super::channel::Channel;
pub(super) use reuse::reused;

/// What is tried on tenant tables.
pub(super) const CHANNELS: &[Channel] = &[
    read::CHANNEL,
    lock::CHANNEL,
    copy::CHANNEL,
    aggregate::CHANNEL,
    join::CHANNEL,
    cursor::CHANNEL,
    prepared::CHANNEL,
    context::NONE,
    context::SPELLING,
    reuse::CHANNEL,
    insert::CHANNEL,
    insert::NULL_KEY,
    write::UPDATE,
    write::DELETE,
    rekey::CHANNEL,
    upsert::CHANNEL,
    merge::CHANNEL,
    truncate::CHANNEL,
    references::CHANNEL,
    cascade::CHANNEL,
    collision::UNIQUE,
    collision::EXCLUSION,
    overheard::CHANNEL,
];

/// Every attack on one tenant table.
pub(super) async fn all(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    overheard::listen(case, arena);
    context::attack(case, arena).await?;
    if read::attack(case, arena).await? {
        sidelong::attack(case, arena).await?;
    }
    insert::attack(case, arena).await?;
    write::update(case, arena).await?;
    write::delete(case, arena).await?;
    references::attack(case, arena).await?;
    collision::attack(case, arena).await?;
    cascade::attack(case, arena).await?;
    overheard::report(case, arena).await
}

/// Attacks in a session that has never set the context.
pub(super) async fn never_set(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    context::never_set(case, arena).await?;
    blind::never_set(case, arena).await
}
