//! What runs that were killed have left.

use std::path::Path;

use anyhow::Result;

use super::super::arena::Manner;
use super::super::eye::Eye;
use super::super::trail::Trail;
use super::journal::{Journal, Trace};
use super::removal::{self, View};
use crate::catalog::{self, Snapshot};
use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session};

/// Removes the canaries that earlier runs recorded in `folder` and did not come to remove; how many
/// rows there were.
///
/// # Errors
/// Some stay: the record of them stays, too.
pub async fn clean_up(admin: &Connector, context: &str, folder: &Path) -> Result<usize> {
    if !Journal::any(folder) {
        return Ok(0);
    }
    let reading = admin.open(Purpose::Read).await?;
    let eye = Eye::new(&reading, context);
    let identity = super::identity(&eye).await?;
    let journals = Journal::leftovers(folder, &identity)?;
    let mut count = 0;
    if !journals.is_empty() {
        // What triggers write while the rows go is looked up in it.
        catalog::begin(&reading).await?;
        let snapshot = catalog::load(&reading).await?;
        reading.batch_execute("rollback").await.map_err(explain)?;
        let session = admin.open(Purpose::Attack).await?;
        for journal in journals {
            count += remove_all(journal, (&session, &eye), (&snapshot, context)).await?;
        }
        session.close().await;
    }
    reading.close().await;
    Ok(count)
}

async fn remove_all(
    mut journal: Journal,
    (session, eye): (&Session, &Eye<'_>),
    (snapshot, context): (&Snapshot, &str),
) -> Result<usize> {
    let trail = Trail::default();
    let manner = Manner::of_admin(context, &trail);
    let (mut count, mut last) = (0, None);
    for _ in 0..3 {
        let mut entries = journal.entries.clone();
        entries.reverse();
        let known: Vec<Trace> = entries.iter().flat_map(|e| e.rows.clone()).collect();
        let view = View {
            eye,
            snapshot,
            known: &known,
        };
        for entry in entries {
            match removal::remove(session, manner, (view, &entry)).await? {
                Ok(gone) => {
                    count += gone.unwrap_or(0);
                    journal.removed(entry.number)?;
                }
                Err(why) => last = Some(why),
            }
        }
    }
    journal.finish(last)?;
    Ok(count)
}
