//! What hangs on a relation: columns, policies, indexes and the rest, each row put where it belongs.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use tokio_postgres::{Client, Error, Row};

use super::model::*;
use super::rows::{each, letter};
use super::{Acls, Oid};

/// Shared, because the queries are sent together and their rows arrive one after the other.
type Relations = RefCell<BTreeMap<Oid, Relation>>;

/// Runs a query and hands each row on with the relation that `column` names. A row whose relation
/// is not there belongs to a schema of PostgreSQL's own.
async fn each_of(
    client: &Client,
    sql: &str,
    column: &str,
    relations: &Relations,
    mut take: impl FnMut(&mut Relation, &Row) -> Result<(), Error>,
) -> Result<()> {
    each(client, sql, |row| {
        match relations
            .borrow_mut()
            .get_mut(&row.try_get::<_, Oid>(column)?)
        {
            Some(relation) => take(relation, &row),
            None => Ok(()),
        }
    })
    .await
}

fn numbers(row: &Row, column: &str) -> Result<Vec<i16>, Error> {
    Ok(row
        .try_get::<_, Option<Vec<i16>>>(column)?
        .unwrap_or_default())
}

pub(super) async fn columns(client: &Client, acls: &Acls, relations: &Relations) -> Result<()> {
    each_of(
        client,
        include_str!("../../sql/catalog/columns.sql"),
        "attrelid",
        relations,
        |relation, row| {
            relation.columns.push(Column {
                number: row.try_get("attnum")?,
                name: row.try_get("name")?,
                type_oid: row.try_get("atttypid")?,
                type_mod: row.try_get("atttypmod")?,
                not_null: row.try_get("attnotnull")?,
                has_default: row.try_get("atthasdef")?,
                identity: row.try_get::<_, &str>("identity")?.chars().next(),
                generated: !row.try_get::<_, &str>("generated")?.is_empty(),
                acl: acls.get(row.try_get("acl")?),
            });
            Ok(())
        },
    )
    .await
}

pub(super) async fn policies(client: &Client, relations: &Relations) -> Result<()> {
    let mut unknown = None;
    each_of(
        client,
        include_str!("../../sql/catalog/policies.sql"),
        "polrelid",
        relations,
        |relation, row| {
            let command = match letter(row, "command")? {
                '*' => PolicyCommand::All,
                'r' => PolicyCommand::Select,
                'a' => PolicyCommand::Insert,
                'w' => PolicyCommand::Update,
                'd' => PolicyCommand::Delete,
                other => {
                    unknown = Some(other);
                    return Ok(());
                }
            };
            relation.policies.push(Policy {
                oid: row.try_get("oid")?,
                name: row.try_get("name")?,
                command,
                permissive: row.try_get("polpermissive")?,
                roles: row.try_get("polroles")?,
                using: None,
                check: None,
            });
            Ok(())
        },
    )
    .await?;
    match unknown {
        None => Ok(()),
        Some(letter) => Err(anyhow!(
            "pg_policy has a command '{letter}' that this version of tenantctl does not know; upgrade it"
        )),
    }
}

pub(super) async fn indexes(client: &Client, relations: &Relations) -> Result<()> {
    each_of(
        client,
        include_str!("../../sql/catalog/indexes.sql"),
        "indrelid",
        relations,
        |relation, row| {
            let keys: i16 = row.try_get("key_columns")?;
            let mut columns = numbers(row, "columns")?;
            columns.truncate(usize::try_from(keys).unwrap_or(0));
            relation.indexes.push(Index {
                oid: row.try_get("indexrelid")?,
                name: row.try_get("name")?,
                method: row.try_get("method")?,
                unique: row.try_get("indisunique")?,
                primary: row.try_get("indisprimary")?,
                exclusion: row.try_get("indisexclusion")?,
                usable: row.try_get("usable")?,
                columns,
                partial: row.try_get("partial")?,
                expressions: None,
                parent: row.try_get("parent")?,
                plain_unique: row.try_get("plain_unique")?,
            });
            Ok(())
        },
    )
    .await
}

pub(super) async fn constraints(client: &Client, relations: &Relations) -> Result<()> {
    each_of(
        client,
        include_str!("../../sql/catalog/constraints.sql"),
        "conrelid",
        relations,
        |relation, row| {
            let kind = match letter(row, "kind")? {
                'p' => ConstraintKind::Primary,
                'u' => ConstraintKind::Unique,
                'f' => ConstraintKind::Foreign,
                'x' => ConstraintKind::Exclusion,
                _ => ConstraintKind::Check,
            };
            relation.constraints.push(Constraint {
                oid: row.try_get("oid")?,
                name: row.try_get("name")?,
                kind,
                columns: numbers(row, "conkey")?,
                references: row.try_get("confrelid")?,
                referenced_columns: numbers(row, "confkey")?,
                on_delete: letter(row, "on_delete")?,
                on_update: letter(row, "on_update")?,
                validated: row.try_get("convalidated")?,
                deferrable: row.try_get("condeferrable")?,
            });
            Ok(())
        },
    )
    .await
}

pub(super) async fn triggers(client: &Client, relations: &Relations) -> Result<()> {
    each_of(
        client,
        include_str!("../../sql/catalog/triggers.sql"),
        "tgrelid",
        relations,
        |relation, row| {
            relation.triggers.push(Trigger {
                name: row.try_get("name")?,
                function: row.try_get("function")?,
                flags: row.try_get("tgtype")?,
                enabled: letter(row, "enabled")?,
                transition: [
                    row.try_get::<_, Option<String>>("new_table")?,
                    row.try_get("old_table")?,
                ]
                .into_iter()
                .flatten()
                .collect(),
            });
            Ok(())
        },
    )
    .await
}

pub(super) async fn inherits(client: &Client, relations: &Relations) -> Result<()> {
    let sql = include_str!("../../sql/catalog/inherits.sql");
    each_of(client, sql, "inhrelid", relations, |relation, row| {
        relation.parents.push(row.try_get("inhparent")?);
        Ok(())
    })
    .await
}

pub(super) async fn rules(client: &Client, relations: &Relations) -> Result<()> {
    let sql = include_str!("../../sql/catalog/rules.sql");
    each_of(client, sql, "relation", relations, |relation, row| {
        let (name, refers_to) = (row.try_get::<_, &str>("name")?, row.try_get("refers_to")?);
        match relation.rules.iter_mut().find(|rule| rule.name == name) {
            Some(rule) => rule.refers_to.push(refers_to),
            None => relation.rules.push(Rule {
                oid: row.try_get("rule")?,
                name: name.to_owned(),
                event: letter(row, "event")?,
                refers_to: vec![refers_to],
                definition: None,
            }),
        }
        Ok(())
    })
    .await
}

pub(super) async fn sequences(client: &Client, relations: &Relations) -> Result<()> {
    let sql = include_str!("../../sql/catalog/sequences.sql");
    each_of(client, sql, "sequence", relations, |relation, row| {
        let attnum: i32 = row.try_get("attnum")?;
        relation.owned_by = Some((row.try_get("relation")?, i16::try_from(attnum).unwrap_or(0)));
        Ok(())
    })
    .await
}
