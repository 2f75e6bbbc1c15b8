//! The attacks, one file a channel.

mod context;
mod insert;
mod oracle;
mod read;
mod write;

use anyhow::Result;

use super::arena::Arena;
use super::case::Case;
pub(super) use context::never_set;

/// Every attack on one tenant table.
pub(super) async fn all(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    context::attack(case, arena).await?;
    read::attack(case, arena).await?;
    insert::attack(case, arena).await?;
    write::update(case, arena).await?;
    write::delete(case, arena).await?;
    oracle::attack(case, arena).await
}
