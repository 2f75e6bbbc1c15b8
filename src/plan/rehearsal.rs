//! Event triggers that would refuse a change are met before the first one is made.
//!
//! What they do is in their functions and cannot be read off. So where a database has any, one change of
//! each kind and schema is made and rolled back; what builds an index is only begun, because a
//! transaction refuses it after the triggers of `ddl_command_start` have fired, and the rest of what is
//! done with indexes is done with one on an empty temporary table. A trigger that looks at names, or
//! refuses a later stage, is met when it refuses.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use tokio_postgres::error::SqlState;

use super::apply::{Runner, transaction};
use super::attempt::is_lock;
use super::{Change, Effort, Plan, watchdog};
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
            // The change itself tries for longer, and counts the rows that stand in its way.
            if is_lock(&error) || sqlstate(&error).is_some_and(|code| code.code().starts_with("23"))
            {
                continue;
            }
            bail!(refused(&change.id, &error, triggers));
        }
        if plan.changes.iter().any(|change| change.alone)
            && let Err(error) = self.indexes().await
        {
            bail!(refused("what is done with indexes", &error, triggers));
        }
        Ok(())
    }

    /// What becomes of an index, on an empty table that nobody else sees; where not even that may be
    /// made, nothing is learnt.
    async fn indexes(&self) -> Result<()> {
        let table = "CREATE TABLE pg_temp.tenantctl_rehearsal (id int)".to_owned();
        if self
            .rolled_back(std::slice::from_ref(&table))
            .await
            .is_err()
        {
            return Ok(());
        }
        let index = [
            "CREATE INDEX tenantctl_rehearsal_built ON pg_temp.tenantctl_rehearsal (id)",
            "ALTER INDEX pg_temp.tenantctl_rehearsal_built RENAME TO tenantctl_rehearsal_named",
            "COMMENT ON INDEX pg_temp.tenantctl_rehearsal_named IS 'rehearsed'",
            "DROP INDEX pg_temp.tenantctl_rehearsal_named",
        ];
        let index = index.into_iter().map(str::to_owned);
        let all: Vec<String> = [table].into_iter().chain(index).collect();
        self.rolled_back(&all).await
    }

    async fn rolled_back(&self, statements: &[String]) -> Result<()> {
        let text = transaction(statements, self.patience.lock_timeout);
        let text = text.strip_suffix("commit").unwrap_or(&text);
        self.tried(&format!("{text} rollback")).await?;
        Ok(())
    }

    async fn begun(&self, change: &Change) -> Result<()> {
        for statement in &change.statements {
            match self.rolled_back(std::slice::from_ref(statement)).await {
                Err(error) if sqlstate(&error) == Some(SqlState::ACTIVE_SQL_TRANSACTION) => {}
                ended => ended?,
            }
        }
        Ok(())
    }
}

fn refused(what: &str, error: &anyhow::Error, triggers: &[String]) -> String {
    format!(
        "the server would refuse {what}, so nothing was changed: {error:#}; this database has event \
         triggers ({}): let them pass, or disable them for the time",
        triggers.join(", ")
    )
}

/// The first change of each kind and schema that needs no other before it.
fn samples(plan: &Plan) -> Vec<&Change> {
    let mut seen = BTreeSet::new();
    let ready = plan
        .changes
        .iter()
        .filter(|change| change.after.is_empty() && change.backfill.is_none())
        // What scans is begun where it builds an index, and not done twice otherwise.
        .filter(|change| change.alone || change.effort == Effort::Catalog);
    ready
        .filter(|change| {
            let schema = change.object.split('.').next().unwrap_or_default();
            seen.insert((change.kind.word(), change.alone, schema.to_owned()))
        })
        .collect()
}
