//! Event triggers that would refuse a change are met before the first one is made.
//!
//! What they do is in their functions and cannot be read off. So where a database has any, one change of
//! each kind and schema is made and rolled back; what builds an index is only begun, because a
//! transaction refuses it after the triggers of `ddl_command_start` have fired.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use tokio_postgres::error::SqlState;

use super::apply::{Runner, transaction};
use super::attempt::is_lock;
use super::{Change, Plan, watchdog};
use crate::catalog::Snapshot;
use crate::session::error::{is_lost, sqlstate};
use crate::session::quote::ident;

/// Names of event triggers that fire for changes and are not ours, in order.
pub fn event_triggers(snapshot: &Snapshot) -> Vec<String> {
    let fire = snapshot.event_triggers.iter().filter(|trigger| {
        // R fires in replicas only.
        matches!(trigger.enabled, 'O' | 'A')
            && trigger.event != "login"
            && trigger.name != watchdog::NAME
    });
    fire.map(|trigger| ident(&trigger.name)).collect()
}

impl Runner<'_> {
    /// # Errors
    /// A change would be refused: nothing was changed.
    pub(super) async fn rehearse(&self, plan: &Plan, triggers: &[String]) -> Result<()> {
        for change in samples(plan) {
            let statements = if change.transactional() {
                self.rolled_back(&change.statements).await
            } else {
                self.begun(change).await
            };
            let Err(error) = statements else {
                continue;
            };
            if is_lost(&error) {
                return Err(error);
            }
            // The change itself tries for longer.
            if is_lock(&error) {
                continue;
            }
            bail!(
                "the server would refuse {}, so nothing was changed: {error:#}; this database has event \
                 triggers ({}): let them pass, or disable them for the time",
                change.id,
                triggers.join(", ")
            );
        }
        Ok(())
    }

    async fn rolled_back(&self, statements: &[String]) -> Result<()> {
        let text = transaction(statements, self.patience.lock_timeout);
        let text = text.strip_suffix("commit").unwrap_or(&text);
        self.tried(&format!("{text} rollback")).await
    }

    async fn begun(&self, change: &Change) -> Result<()> {
        for statement in &change.statements {
            let text = transaction(std::slice::from_ref(statement), self.patience.lock_timeout);
            match self.tried(&text).await {
                Err(error) if sqlstate(&error) == Some(SqlState::ACTIVE_SQL_TRANSACTION) => {}
                ended => return ended,
            }
        }
        Ok(())
    }
}

/// The first change of each kind and schema that needs no other before it.
fn samples(plan: &Plan) -> Vec<&Change> {
    let mut seen = BTreeSet::new();
    let ready = plan
        .changes
        .iter()
        .filter(|change| change.after.is_empty() && change.backfill.is_none());
    ready
        .filter(|change| {
            let schema = change.object.split('.').next().unwrap_or_default();
            seen.insert((change.kind.word(), change.alone, schema.to_owned()))
        })
        .collect()
}
