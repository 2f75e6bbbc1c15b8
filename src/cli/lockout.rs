//! `--accept-lockout`: nobody loses sight of rows without being named.

use anyhow::{Result, bail};

use super::{Context, changes::listed};
use crate::catalog::{self, Snapshot};
use crate::exit::usage;
use crate::plan::{Lockout, Plan};
use crate::report::lockout::{connected, losses, options};
use crate::session::Purpose;
use crate::session::quote::printable;

/// Adds who is connected to a plan that locks somebody out.
pub(super) async fn observe(
    context: &Context,
    snapshot: &Snapshot,
    mut plan: Plan,
) -> Result<Plan> {
    if !plan.lockouts.is_empty() {
        let session = context.connector()?.open(Purpose::Read).await?;
        let activity = catalog::activity(&session).await?;
        session.close().await;
        plan.observe(snapshot, &activity);
    }
    Ok(plan)
}

/// Refuses before the first change unless each role that would be locked out was named.
pub(super) fn agreed(snapshot: &Snapshot, plan: &Plan, accepted: &[String]) -> Result<()> {
    for name in accepted {
        if name != "PUBLIC" && snapshot.role(name).is_none() {
            return Err(usage(format!(
                "--accept-lockout {}: there is no role of that name; `tenantctl plan` names them",
                printable(name)
            )));
        }
    }
    let open: Vec<&Lockout> = plan
        .lockouts
        .iter()
        .filter(|lockout| lockout.refuses() && !accepted.contains(&lockout.role))
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = open.iter().map(|lockout| text(lockout)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    bail!(
        "these changes would take rows from roles that see them today, so none was made: {}; give \
         them a policy, let them set the context, or name them: {}",
        listed(&texts),
        options(open.into_iter())
    );
}

fn text(lockout: &Lockout) -> String {
    let losses = losses(lockout).join("; ");
    let mut text = format!("{}: {losses}", printable(&lockout.role));
    if !lockout.sessions.is_empty() {
        text.push_str(&format!("; connected now: {}", connected(lockout)));
    }
    text
}
