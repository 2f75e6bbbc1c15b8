//! COMMENT ON …, which the audit does without and provisioning remembers its own work by.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::Client;

use super::Oid;
use super::rows::each;

/// Comments by the object's address: its catalog, its oid, and a column's number or 0.
/// `pg_description`.
#[derive(Clone, Debug, Default)]
pub struct Comments(HashMap<(Oid, Oid, i32), String>);

impl Comments {
    /// The comment on an object.
    pub fn on(&self, catalog: Oid, object: Oid, column: i32) -> Option<&str> {
        self.0.get(&(catalog, object, column)).map(String::as_str)
    }

    /// The same as [`Comments::on`], made up for a test.
    #[cfg(test)]
    pub(crate) fn made_up(items: impl IntoIterator<Item = ((Oid, Oid, i32), String)>) -> Self {
        Self(items.into_iter().collect())
    }
}

/// Reads the comments of this database in the transaction that is open.
///
/// # Errors
/// The server's, explained.
pub async fn comments(client: &Client) -> Result<Comments> {
    let mut found = HashMap::new();
    each(
        client,
        include_str!("../../sql/catalog/comments.sql"),
        |row| {
            let address = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            found.insert(address, row.try_get(3)?);
            Ok(())
        },
    )
    .await
    .context("cannot read the comments on objects")?;
    Ok(Comments(found))
}
