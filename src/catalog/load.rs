//! Reads a [`Snapshot`]: one transaction, one round of pipelined queries.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use futures_util::try_join;
use tokio_postgres::{Client, Row};

use super::attached;
use super::model::{Relation, Snapshot};
use super::printed;
use super::rows::{self, each};
use super::{AclItem, Acls, Oid, Privilege};
use crate::session::error::explain;

/// Opens the read-only transaction that a snapshot is taken in. Everything read until its end sees
/// the same catalogs; names in printed expressions come out qualified.
///
/// # Errors
/// The server's, explained.
pub async fn begin(client: &Client) -> Result<()> {
    client
        .batch_execute(
            "begin isolation level repeatable read, read only; set local search_path = pg_catalog",
        )
        .await
        .map_err(explain)
        .context("cannot begin a read-only transaction")
}

/// Reads the catalogs in the transaction that is open.
///
/// # Errors
/// The server's, explained: a privilege on a catalog that was revoked, a timeout.
pub async fn load(client: &Client) -> Result<Snapshot> {
    let acls = acls(client).await?;
    let (server, roles, memberships, schemas, types, role_settings, default_acls) = try_join!(
        rows::server(client, &acls),
        rows::roles(client),
        rows::memberships(client),
        rows::schemas(client, &acls),
        rows::types(client),
        rows::role_settings(client),
        rows::default_acls(client, &acls),
    )
    .context("cannot read the catalogs")?;
    let names: HashMap<Oid, Arc<str>> = schemas
        .iter()
        .map(|(oid, schema)| (*oid, Arc::from(schema.name.as_str())))
        .collect();
    let (relations, mut functions, members, event_triggers) = try_join!(
        rows::relations(client, &acls, &names),
        rows::functions(client, &acls, &names),
        extension_members(client),
        rows::event_triggers(client),
    )
    .context("cannot read the catalogs")?;
    let mut relations = attach(client, &acls, relations)
        .await
        .context("cannot read the catalogs")?;
    printed::functions(client, &mut functions)
        .await
        .context("cannot read the catalogs")?;
    for oid in &members {
        if let Some(relation) = relations.get_mut(oid) {
            relation.of_extension = true;
        }
        if let Some(function) = functions.get_mut(oid) {
            function.of_extension = true;
        }
    }
    let by_name = relations
        .values()
        .map(|relation| {
            (
                (relation.schema_name.to_string(), relation.name.clone()),
                relation.oid,
            )
        })
        .collect();
    Ok(Snapshot {
        server,
        roles,
        memberships,
        schemas,
        relations,
        functions,
        types,
        role_settings,
        default_acls,
        event_triggers,
        by_name,
    })
}

/// The distinct access lists, which every other query refers to by their text.
async fn acls(client: &Client) -> Result<Acls> {
    let mut lists: HashMap<String, Vec<AclItem>> = HashMap::new();
    each(
        client,
        include_str!("../../sql/catalog/acls.sql"),
        |row: Row| {
            let item = AclItem {
                grantor: row.try_get(1)?,
                grantee: row.try_get(2)?,
                privilege: Privilege::parse(row.try_get(3)?),
                grantable: row.try_get(4)?,
            };
            lists.entry(row.try_get(0)?).or_default().push(item);
            Ok(())
        },
    )
    .await
    .context("cannot read access privileges")?;
    Ok(Acls(
        lists
            .into_iter()
            .map(|(text, items)| (text, Arc::from(items)))
            .collect(),
    ))
}

async fn extension_members(client: &Client) -> Result<HashSet<Oid>> {
    let mut members = HashSet::new();
    each(
        client,
        include_str!("../../sql/catalog/extension_members.sql"),
        |row| {
            members.insert(row.try_get(0)?);
            Ok(())
        },
    )
    .await?;
    Ok(members)
}

/// Hangs columns, policies, indexes and the rest on their relations.
async fn attach(
    client: &Client,
    acls: &Acls,
    relations: BTreeMap<Oid, Relation>,
) -> Result<BTreeMap<Oid, Relation>> {
    let relations = RefCell::new(relations);
    try_join!(
        attached::columns(client, acls, &relations),
        attached::policies(client, &relations),
        attached::indexes(client, &relations),
        attached::constraints(client, &relations),
        attached::triggers(client, &relations),
        attached::inherits(client, &relations),
        attached::rules(client, &relations),
        attached::sequences(client, &relations),
    )?;
    let mut relations = relations.into_inner();
    printed::policies(client, &mut relations).await?;
    printed::views(client, &mut relations).await?;
    printed::rules(client, &mut relations).await?;
    printed::indexes(client, &mut relations).await?;
    Ok(relations)
}
