//! What the application role may do with each relation, asked from the server itself.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context as _, Result};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::catalog::Oid;
use crate::session::error::explain;

/// Privileges on one relation, columns by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Rights {
    pub(super) usage: bool,
    pub(super) delete: bool,
    pub(super) truncate: bool,
    pub(super) selects: Vec<String>,
    pub(super) inserts: Vec<String>,
    pub(super) updates: Vec<String>,
}

impl Rights {
    /// Nothing at all.
    pub(super) const fn none() -> Self {
        Self {
            usage: false,
            delete: false,
            truncate: false,
            selects: Vec::new(),
            inserts: Vec::new(),
            updates: Vec::new(),
        }
    }

    pub(super) fn may_select(&self, column: &str) -> bool {
        self.usage && self.selects.iter().any(|name| name == column)
    }

    pub(super) fn may_insert(&self, column: &str) -> bool {
        self.usage && self.inserts.iter().any(|name| name == column)
    }

    pub(super) fn may_update(&self, column: &str) -> bool {
        self.usage && self.updates.iter().any(|name| name == column)
    }

    pub(super) fn selects_any(&self) -> bool {
        self.usage && !self.selects.is_empty()
    }

    pub(super) fn inserts_any(&self) -> bool {
        self.usage && !self.inserts.is_empty()
    }

    pub(super) fn updates_any(&self) -> bool {
        self.usage && !self.updates.is_empty()
    }

    pub(super) fn deletes(&self) -> bool {
        self.usage && self.delete
    }
}

/// Privileges of `role` on every relation.
pub(super) async fn load(client: &Client, role: &str) -> Result<HashMap<Oid, Rights>> {
    let rows = client
        .query_typed(
            include_str!("../../sql/probe/rights.sql"),
            &[(&role, Type::NAME)],
        )
        .await
        .map_err(explain)
        .context("cannot read the application role's privileges")?;
    let read = |row: &tokio_postgres::Row| -> Result<(Oid, Rights), tokio_postgres::Error> {
        Ok((
            row.try_get(0)?,
            Rights {
                usage: row.try_get(1)?,
                delete: row.try_get(2)?,
                truncate: row.try_get(3)?,
                selects: row.try_get(4)?,
                inserts: row.try_get(5)?,
                updates: row.try_get(6)?,
            },
        ))
    };
    rows.iter().map(|row| read(row).map_err(explain)).collect()
}

/// `role` and every role whose privileges it has without SET ROLE.
pub(super) async fn roles_of(client: &Client, role: &str) -> Result<BTreeSet<Oid>> {
    let rows = client
        .query_typed(
            include_str!("../../sql/probe/app_roles.sql"),
            &[(&role, Type::NAME)],
        )
        .await
        .map_err(explain)
        .context("cannot read the application role's memberships")?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(explain))
        .collect()
}
