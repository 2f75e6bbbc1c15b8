//! Who is connected now, by role and application.

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::Oid;
use super::rows::each;

/// Sessions of one role under one application name. `pg_stat_activity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The role that logged in.
    pub role: Oid,
    /// `application_name`, as the client gave it.
    pub application: String,
    /// How many.
    pub sessions: i64,
    /// When the oldest began, UTC; `None` where we may not know.
    pub since: Option<String>,
}

/// Reads the sessions of this database, those of tenantctl left out.
///
/// # Errors
/// The server's, explained.
pub async fn activity(client: &Client) -> Result<Vec<Activity>> {
    let mut found = Vec::new();
    each(
        client,
        include_str!("../../sql/catalog/activity.sql"),
        |row| {
            found.push(Activity {
                role: row.try_get("role")?,
                application: row
                    .try_get::<_, Option<String>>("application")?
                    .unwrap_or_default(),
                sessions: row.try_get("sessions")?,
                since: row.try_get("since")?,
            });
            Ok(())
        },
    )
    .await
    .context("cannot read who is connected")?;
    Ok(found)
}
