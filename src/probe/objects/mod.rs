//! Ways to other organizations' rows that lead through no relation: functions, sequences, large
//! objects, statistics, other sessions, roles, and privileges that no policy looks at.
//!
//! One file a channel. What would change a live table (DDL, TRUNCATE, a trigger of one's own) is judged from
//! privileges and never executed.

mod activity;
mod decoys;
mod functions;
mod large_objects;
mod leakproof;
mod notifications;
mod powers;

mod roles;
mod sequences;
mod shadows;
mod shown;
mod staged;
mod statistics;
mod switches;

use anyhow::{Context as _, Result};

use super::channel::Channel;
use super::stage::{Collected, Stage};
use crate::session::Session;

pub(super) use functions::Target;

/// What is tried beyond relations.
pub(super) const CHANNELS: &[Channel] = &[
    functions::CHANNEL,
    leakproof::CHANNEL,
    shadows::CHANNEL,
    sequences::CHANNEL,
    large_objects::CHANNEL,
    statistics::SAMPLES,
    statistics::ESTIMATES,
    activity::CHANNEL,
    notifications::CHANNEL,
    roles::CHANNEL,
    switches::SESSION_AUTHORIZATION,
    switches::REPLICATION_ROLE,
    switches::ROW_SECURITY,
    powers::OWNER,
    powers::TRIGGER,
    powers::REFERENCES,
];

/// The functions that will be called, in the order of their names.
pub(super) async fn targets<'t>(stage: &Stage<'t, '_>) -> Result<Vec<Target<'t>>> {
    functions::targets(stage).await
}

/// Attacks every channel.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    let what = |channel: &str| format!("cannot finish the attacks on {channel}");
    sequences::attack(stage, session, collected)
        .await
        .with_context(|| what("sequences"))?;
    large_objects::attack(stage, session, collected)
        .await
        .with_context(|| what("large objects"))?;
    statistics::attack(stage, session, collected)
        .await
        .with_context(|| what("statistics"))?;
    activity::attack(stage, session, collected)
        .await
        .with_context(|| what("other sessions"))?;
    switches::attack(stage, session, collected)
        .await
        .with_context(|| what("settings"))?;
    roles::attack(stage, session, collected)
        .await
        .with_context(|| what("roles"))?;
    shadows::policies(stage, session, collected)
        .await
        .with_context(|| what("policies"))?;
    powers::judge(stage, collected)
        .await
        .with_context(|| what("privileges"))?;
    notifications::judge(stage, collected);
    Ok(())
}

/// Calls one function.
pub(super) async fn call(
    stage: &Stage<'_, '_>,
    target: &Target<'_>,
    (session, collected): (&Session, &mut Collected),
) -> Result<()> {
    functions::attack(stage, target, (session, collected)).await?;
    leakproof::attack(stage, target, (session, collected)).await?;
    shadows::attack(stage, target, (session, collected)).await
}
