//! One function a catalog query: rows into typed values, streamed.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tokio_postgres::{Client, Error, Row};

use super::cluster::*;
use super::model::{CheckOption, Function, Relation, RelationKind};
use super::{Acls, Oid};
use crate::session::error::explain;

/// Runs a query without parameters and hands each row on as it arrives, so that a catalog of
/// 100,000 columns is never held twice.
pub(super) async fn each(
    client: &Client,
    sql: &str,
    mut take: impl FnMut(Row) -> Result<(), Error>,
) -> Result<()> {
    let none: [(
        &(dyn tokio_postgres::types::ToSql + Sync),
        tokio_postgres::types::Type,
    ); 0] = [];
    let stream = client.query_typed_raw(sql, none).await.map_err(explain)?;
    let mut stream = pin!(stream);
    while let Some(row) = stream.try_next().await.map_err(explain)? {
        take(row).map_err(explain)?;
    }
    Ok(())
}

/// The single character of a `"char"` column that was cast to text.
pub(super) fn letter(row: &Row, column: &str) -> Result<char, Error> {
    Ok(row
        .try_get::<_, &str>(column)?
        .chars()
        .next()
        .unwrap_or(' '))
}

pub(super) async fn server(client: &Client, acls: &Acls) -> Result<Server> {
    let mut server = None;
    each(
        client,
        include_str!("../../sql/catalog/server.sql"),
        |row| {
            server = Some(Server {
                version_num: row.try_get("version_num")?,
                version: row.try_get("version")?,
                database: row.try_get("database")?,
                database_oid: row.try_get("database_oid")?,
                database_owner: row.try_get("database_owner")?,
                database_acl: acls.get(row.try_get("database_acl")?),
                in_recovery: row.try_get("in_recovery")?,
                publishes: row.try_get("publishes")?,
                session_role: row
                    .try_get::<_, Option<Oid>>("session_user_oid")?
                    .unwrap_or(0),
                today: row.try_get("today")?,
            });
            Ok(())
        },
    )
    .await?;
    server.context("the server does not describe the database we are connected to")
}

pub(super) async fn roles(client: &Client) -> Result<BTreeMap<Oid, Role>> {
    let mut roles = BTreeMap::new();
    each(client, include_str!("../../sql/catalog/roles.sql"), |row| {
        let role = Role {
            oid: row.try_get("oid")?,
            name: row.try_get("name")?,
            superuser: row.try_get("rolsuper")?,
            inherit: row.try_get("rolinherit")?,
            create_role: row.try_get("rolcreaterole")?,
            create_db: row.try_get("rolcreatedb")?,
            login: row.try_get("rolcanlogin")?,
            replication: row.try_get("rolreplication")?,
            bypass_rls: row.try_get("rolbypassrls")?,
            connection_limit: row.try_get("rolconnlimit")?,
        };
        roles.insert(role.oid, role);
        Ok(())
    })
    .await?;
    Ok(roles)
}

pub(super) async fn memberships(client: &Client) -> Result<Vec<Membership>> {
    let mut memberships = Vec::new();
    each(
        client,
        include_str!("../../sql/catalog/memberships.sql"),
        |row| {
            memberships.push(Membership {
                role: row.try_get("roleid")?,
                member: row.try_get("member")?,
                admin: row.try_get("admin_option")?,
                inherit: row.try_get("inherit_option")?,
                set: row.try_get("set_option")?,
            });
            Ok(())
        },
    )
    .await?;
    Ok(memberships)
}

pub(super) async fn schemas(client: &Client, acls: &Acls) -> Result<BTreeMap<Oid, Schema>> {
    let mut schemas = BTreeMap::new();
    each(
        client,
        include_str!("../../sql/catalog/schemas.sql"),
        |row| {
            let schema = Schema {
                oid: row.try_get("oid")?,
                name: row.try_get("name")?,
                owner: row.try_get("owner")?,
                acl: acls.get(row.try_get("acl")?),
            };
            schemas.insert(schema.oid, schema);
            Ok(())
        },
    )
    .await?;
    Ok(schemas)
}

pub(super) async fn types(client: &Client) -> Result<HashMap<Oid, Type>> {
    let mut types = HashMap::new();
    each(client, include_str!("../../sql/catalog/types.sql"), |row| {
        let found = Type {
            name: row.try_get("name")?,
            kind: letter(&row, "kind")?,
            base: row.try_get("base")?,
            not_null: row.try_get("typnotnull")?,
            constrained: row.try_get("constrained")?,
            category: letter(&row, "category")?,
            element: row.try_get("element")?,
            labels: Vec::new(),
        };
        types.insert(row.try_get("oid")?, found);
        Ok(())
    })
    .await?;
    each(client, include_str!("../../sql/catalog/enums.sql"), |row| {
        if let Some(found) = types.get_mut(&row.try_get::<_, Oid>("enumtypid")?) {
            found.labels.push(row.try_get("label")?);
        }
        Ok(())
    })
    .await?;
    Ok(types)
}

pub(super) async fn role_settings(client: &Client) -> Result<Vec<RoleSetting>> {
    let mut settings = Vec::new();
    each(
        client,
        include_str!("../../sql/catalog/role_settings.sql"),
        |row| {
            settings.push(RoleSetting {
                database: row.try_get("setdatabase")?,
                role: row.try_get("setrole")?,
                settings: row
                    .try_get::<_, Option<Vec<String>>>("setconfig")?
                    .unwrap_or_default(),
            });
            Ok(())
        },
    )
    .await?;
    Ok(settings)
}

pub(super) async fn default_acls(client: &Client, acls: &Acls) -> Result<Vec<DefaultAcl>> {
    let mut defaults = Vec::new();
    each(
        client,
        include_str!("../../sql/catalog/default_acls.sql"),
        |row| {
            defaults.push(DefaultAcl {
                owner: row.try_get("owner")?,
                schema: row.try_get("schema")?,
                kind: letter(&row, "kind")?,
                acl: acls
                    .get(row.try_get("acl")?)
                    .unwrap_or_else(|| Arc::from([])),
            });
            Ok(())
        },
    )
    .await?;
    Ok(defaults)
}

pub(super) async fn event_triggers(client: &Client) -> Result<Vec<EventTrigger>> {
    let mut triggers = Vec::new();
    each(
        client,
        include_str!("../../sql/catalog/event_triggers.sql"),
        |row| {
            triggers.push(EventTrigger {
                oid: row.try_get("oid")?,
                name: row.try_get("name")?,
                event: row.try_get("event")?,
                function: row.try_get("function")?,
                enabled: letter(&row, "enabled")?,
                tags: row
                    .try_get::<_, Option<Vec<String>>>("tags")?
                    .unwrap_or_default(),
            });
            Ok(())
        },
    )
    .await?;
    Ok(triggers)
}

fn relation_kind(letter: char) -> Option<RelationKind> {
    Some(match letter {
        'r' => RelationKind::Table,
        'p' => RelationKind::Partitioned,
        'v' => RelationKind::View,
        'm' => RelationKind::MaterializedView,
        'f' => RelationKind::ForeignTable,
        'S' => RelationKind::Sequence,
        _ => return None,
    })
}

/// `check_option=local` or `cascaded`.
fn check_option(options: &[String]) -> Option<CheckOption> {
    options
        .iter()
        .find_map(|option| match option.strip_prefix("check_option=")? {
            "local" => Some(CheckOption::Local),
            "cascaded" => Some(CheckOption::Cascaded),
            _ => None,
        })
}

/// Whether a storage parameter is on: `security_invoker=true`, also `on`, `1`, `yes`, or bare.
fn option_is_on(options: &[String], name: &str) -> bool {
    options.iter().any(|option| {
        let (key, value) = option.split_once('=').unwrap_or((option, "true"));
        key == name
            && matches!(
                value.to_ascii_lowercase().as_str(),
                "true" | "on" | "1" | "yes" | "t" | "y"
            )
    })
}

pub(super) async fn relations(
    client: &Client,
    acls: &Acls,
    schemas: &HashMap<Oid, Arc<str>>,
) -> Result<BTreeMap<Oid, Relation>> {
    let mut relations = BTreeMap::new();
    each(
        client,
        include_str!("../../sql/catalog/relations.sql"),
        |row| {
            let Some(kind) = relation_kind(letter(&row, "kind")?) else {
                return Ok(());
            };
            let options: Vec<String> = row
                .try_get::<_, Option<Vec<String>>>("reloptions")?
                .unwrap_or_default();
            let schema: Oid = row.try_get("schema")?;
            let relation = Relation {
                oid: row.try_get("oid")?,
                schema,
                schema_name: schemas
                    .get(&schema)
                    .cloned()
                    .unwrap_or_else(|| Arc::from("?")),
                name: row.try_get("name")?,
                kind,
                owner: row.try_get("owner")?,
                row_security: row.try_get("relrowsecurity")?,
                rewritten: row.try_get("rewritten")?,
                force_row_security: row.try_get("relforcerowsecurity")?,
                is_partition: row.try_get("relispartition")?,
                unlogged: letter(&row, "persistence")? == 'u',
                security_invoker: option_is_on(&options, "security_invoker"),
                security_barrier: option_is_on(&options, "security_barrier"),
                check_option: check_option(&options),
                options: match kind {
                    RelationKind::View => options,
                    _ => Vec::new(),
                },
                updatable: 0,
                of_extension: false,
                estimated_rows: row.try_get("reltuples")?,
                acl: acls.get(row.try_get("acl")?),
                columns: Vec::new(),
                policies: Vec::new(),
                indexes: Vec::new(),
                constraints: Vec::new(),
                triggers: Vec::new(),
                parents: Vec::new(),
                rules: Vec::new(),
                definition: None,
                owned_by: None,
            };
            relations.insert(relation.oid, relation);
            Ok(())
        },
    )
    .await?;
    Ok(relations)
}

pub(super) async fn functions(
    client: &Client,
    acls: &Acls,
    schemas: &HashMap<Oid, Arc<str>>,
) -> Result<BTreeMap<Oid, Function>> {
    let mut functions = BTreeMap::new();
    each(
        client,
        include_str!("../../sql/catalog/functions.sql"),
        |row| {
            let schema: Oid = row.try_get("schema")?;
            let function = Function {
                oid: row.try_get("oid")?,
                schema,
                schema_name: schemas
                    .get(&schema)
                    .cloned()
                    .unwrap_or_else(|| Arc::from("?")),
                name: row.try_get("name")?,
                arguments: row.try_get("arguments")?,
                argument_types: row.try_get("argument_types")?,
                default_values: None,
                used_by_catalog: row.try_get("used_by_catalog")?,
                aggregates: row
                    .try_get::<_, Option<Vec<Oid>>>("aggregates")?
                    .unwrap_or_default(),
                defaults: usize::try_from(row.try_get::<_, i16>("defaults")?).unwrap_or(0),
                owner: row.try_get("owner")?,
                kind: letter(&row, "kind")?,
                language: row.try_get("language")?,
                security_definer: row.try_get("prosecdef")?,
                leakproof: row.try_get("proleakproof")?,
                volatility: letter(&row, "volatility")?,
                config: row
                    .try_get::<_, Option<Vec<String>>>("config")?
                    .unwrap_or_default(),
                acl: acls.get(row.try_get("acl")?),
                returns: row.try_get("returns")?,
                returns_set: row.try_get("returns_set")?,
                cost: row.try_get("cost")?,
                body: row
                    .try_get::<_, Option<String>>("body")?
                    .unwrap_or_default(),
                of_extension: false,
            };
            functions.insert(function.oid, function);
            Ok(())
        },
    )
    .await?;
    Ok(functions)
}
