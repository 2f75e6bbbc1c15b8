//! What the server prints: expressions of policies, queries of views, bodies. An object that it
//! cannot print keeps a text that no parser takes, so that whatever hangs on it stays unproven.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;

use anyhow::Result;
use futures_util::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::Oid;
use super::model::{Function, Relation, RelationKind};
use super::rows::each;
use crate::session::error::{explain, is_lost, sqlstate};

type Relations = BTreeMap<Oid, Relation>;

/// One object's row, or why there is none.
type Printed<'r> = Result<&'r Row, String>;

/// Prints objects in one query; where an object makes it fail, by halves, so that only that object
/// stays without its text.
async fn print(
    client: &Client,
    sql: &str,
    oids: Vec<Oid>,
    mut take: impl FnMut(Oid, Printed<'_>) -> Result<(), tokio_postgres::Error>,
) -> Result<()> {
    let mut waiting = vec![oids];
    while let Some(batch) = waiting.pop() {
        if batch.is_empty() {
            continue;
        }
        match attempt(client, sql, &batch).await {
            Ok(rows) => {
                for row in &rows {
                    take(row.try_get(0).map_err(explain)?, Ok(row)).map_err(explain)?;
                }
            }
            Err(error) if is_lost(&error) || is_cancelled(&error) => return Err(error),
            Err(error) => match batch.split_at(batch.len() / 2) {
                ([], rest) => {
                    for oid in rest {
                        take(*oid, Err(unprintable(&error))).map_err(explain)?;
                    }
                }
                (half, rest) => waiting.extend([rest.to_vec(), half.to_vec()]),
            },
        }
    }
    Ok(())
}

async fn attempt(client: &Client, sql: &str, oids: &[Oid]) -> Result<Vec<Row>> {
    let rows = async {
        let stream = client
            .query_typed_raw(sql, [(&oids as _, Type::OID_ARRAY)] as [Parameter<'_>; 1])
            .await?;
        pin!(stream).try_collect::<Vec<Row>>().await
    };
    // Sent together; the way out of an error, and none too many after a success.
    let (begun, rows, ended) = futures_util::join!(
        client.batch_execute("savepoint tenantctl_print"),
        rows,
        client.batch_execute(
            "rollback to savepoint tenantctl_print; release savepoint tenantctl_print"
        ),
    );
    begun.map_err(explain)?;
    ended.map_err(explain)?;
    rows.map_err(explain)
}

type Parameter<'p> = (&'p (dyn tokio_postgres::types::ToSql + Sync), Type);

/// A timeout is not the object's fault, and halves would take as long again.
fn is_cancelled(error: &anyhow::Error) -> bool {
    sqlstate(error) == Some(SqlState::QUERY_CANCELED)
}

const UNPRINTABLE: &str = "the server cannot print this: ";

/// No expression and no statement, whatever the message holds.
fn unprintable(error: &anyhow::Error) -> String {
    format!("({UNPRINTABLE}{error:#})")
}

/// Why the server did not print an object's text, where it did not.
pub fn unprinted(text: Option<&str>) -> Option<&str> {
    let why = text?.strip_prefix('(')?.strip_suffix(')')?;
    why.starts_with(UNPRINTABLE).then_some(why)
}

/// Policies have the same few expressions in thousands of tables, and printing one opens its table:
/// each is printed once for all tables in which the columns that it reads have the same names.
pub(super) async fn policies(client: &Client, relations: &mut Relations) -> Result<()> {
    let shapes = RefCell::new(Vec::new());
    each(
        client,
        include_str!("../../sql/catalog/policy_shapes.sql"),
        |row| {
            shapes.borrow_mut().push(Shape {
                policies: row.try_get("policies")?,
                tables: row.try_get("tables")?,
                own: row.try_get("of_its_table")?,
                columns: row
                    .try_get::<_, Option<Vec<i16>>>("columns")?
                    .unwrap_or_default(),
            });
            Ok(())
        },
    )
    .await?;
    let mut alike: HashMap<Oid, Vec<(Oid, Oid)>> = HashMap::new();
    for shape in shapes.into_inner() {
        shape.share(relations, &mut alike);
    }
    let first = alike.keys().copied().collect();
    let sql = include_str!("../../sql/catalog/policy_expressions.sql");
    print(client, sql, first, |oid, printed| {
        let (using, check) = match printed {
            Ok(row) => (row.try_get(1)?, row.try_get(2)?),
            Err(why) => (Some(why), None),
        };
        for (table, policy) in alike.get(&oid).into_iter().flatten() {
            let policies = relations.get_mut(table).map(|found| &mut found.policies);
            let found = policies.and_then(|all| all.iter_mut().find(|one| one.oid == *policy));
            if let Some(found) = found {
                (found.using, found.check) = (using.clone(), check.clone());
            }
        }
        Ok(())
    })
    .await
}

/// Policies whose stored expressions are the same, to the byte.
struct Shape {
    policies: Vec<Oid>,
    /// The table of each.
    tables: Vec<Oid>,
    /// The print could name the table itself.
    own: bool,
    /// The columns that the expressions read.
    columns: Vec<i16>,
}

impl Shape {
    /// Puts each policy under the first one that is printed the same.
    fn share(self, relations: &Relations, alike: &mut HashMap<Oid, Vec<(Oid, Oid)>>) {
        let mut firsts: HashMap<Vec<Option<&str>>, Oid> = HashMap::new();
        for (policy, table) in self.policies.into_iter().zip(self.tables) {
            let Some(relation) = relations.get(&table) else {
                continue;
            };
            let name = |number: &i16| relation.attribute(*number).map(|found| found.name.as_str());
            let first = if self.own {
                policy
            } else {
                let names = self.columns.iter().map(name).collect();
                *firsts.entry(names).or_insert(policy)
            };
            alike.entry(first).or_default().push((table, policy));
        }
    }
}

/// Queries of views and materialized views, and what may be written through them.
pub(super) async fn views(client: &Client, relations: &mut Relations) -> Result<()> {
    let is_view = |kind| matches!(kind, RelationKind::View | RelationKind::MaterializedView);
    let oids = relations
        .values()
        .filter(|relation| is_view(relation.kind))
        .map(|relation| relation.oid)
        .collect();
    let sql = include_str!("../../sql/catalog/views.sql");
    print(client, sql, oids, |oid, printed| {
        let Some(relation) = relations.get_mut(&oid) else {
            return Ok(());
        };
        match printed {
            Ok(row) => {
                relation.definition = row.try_get(1)?;
                relation.updatable = row.try_get(2)?;
            }
            Err(why) => relation.definition = Some(why),
        }
        Ok(())
    })
    .await
}

/// Rules other than those that make a view: a view's own query is the view's definition.
pub(super) async fn rules(client: &Client, relations: &mut Relations) -> Result<()> {
    let mut places = HashMap::new();
    for relation in relations.values() {
        for (at, rule) in relation.rules.iter().enumerate() {
            if rule.event != '1' {
                places.insert(rule.oid, (relation.oid, at));
            }
        }
    }
    let oids = places.keys().copied().collect();
    let sql = include_str!("../../sql/catalog/rule_definitions.sql");
    print(client, sql, oids, |oid, printed| {
        let place = places.get(&oid);
        let rule = place.and_then(|(table, at)| relations.get_mut(table)?.rules.get_mut(*at));
        if let Some(rule) = rule {
            rule.definition = match printed {
                Ok(row) => row.try_get(1)?,
                Err(why) => Some(why),
            };
        }
        Ok(())
    })
    .await
}

/// Expressions of indexes that have any.
pub(super) async fn indexes(client: &Client, relations: &mut Relations) -> Result<()> {
    let mut tables = HashMap::new();
    for relation in relations.values() {
        for index in &relation.indexes {
            if index.columns.contains(&0) {
                tables.insert(index.oid, relation.oid);
            }
        }
    }
    let oids = tables.keys().copied().collect();
    let sql = include_str!("../../sql/catalog/index_expressions.sql");
    print(client, sql, oids, |oid, printed| {
        let table = tables.get(&oid).and_then(|table| relations.get_mut(table));
        let indexes = table.into_iter().flat_map(|table| &mut table.indexes);
        for index in indexes.filter(|index| index.oid == oid) {
            index.expressions = match &printed {
                Ok(row) => row.try_get(1)?,
                Err(why) => Some(why.clone()),
            };
        }
        Ok(())
    })
    .await
}

/// Defaults of arguments, and bodies in standard SQL, which are stored as trees.
pub(super) async fn functions(
    client: &Client,
    functions: &mut BTreeMap<Oid, Function>,
) -> Result<()> {
    let stored = |function: &&Function| function.defaults > 0 || function.body.is_empty();
    let oids = functions
        .values()
        .filter(stored)
        .map(|function| function.oid)
        .collect();
    let sql = include_str!("../../sql/catalog/function_texts.sql");
    print(client, sql, oids, |oid, printed| {
        let Some(function) = functions.get_mut(&oid) else {
            return Ok(());
        };
        let (defaults, body) = match printed {
            Ok(row) => (row.try_get(1)?, row.try_get(2)?),
            Err(why) => (Some(why.clone()), Some(why)),
        };
        function.default_values = defaults;
        if let Some(body) = body.filter(|_| function.body.is_empty()) {
            function.body = body;
        }
        Ok(())
    })
    .await
}
