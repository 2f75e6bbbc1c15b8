//! Trials: where the proof cannot tell what a comparison makes of two organizations, the server is
//! asked. It evaluates the policy over made-up keys and contexts; a pair of different organizations
//! that passes is a counterexample. Nothing is read but catalogs, and silence proves nothing.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::engine::Engine;
use super::{samples, tables};
use crate::catalog::{Column, Relation};
use crate::finding::Operation;
use crate::predicate::{Leak, Need, Situation};
use crate::session::error::{explain, is_lost};
use crate::session::quote;

/// An operation on a tenant table that the proof left open.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) relation: u32,
    pub(super) need: Need,
    pub(super) operation: Operation,
}

/// Two organizations that a policy takes for one.
#[derive(Clone, Debug)]
struct Pair {
    row: String,
    context: String,
}

/// How many different predicates are tried.
const MOST: usize = 40;

/// Asks the server about what stayed unproven and records what comes through.
///
/// # Errors
/// The connection is lost; a predicate that the server cannot evaluate stays unproven.
pub(super) async fn run(client: &Client, engine: &mut Engine<'_>) -> Result<()> {
    let mut known: HashMap<String, Option<Pair>> = HashMap::new();
    for question in std::mem::take(&mut engine.questions) {
        let Some(relation) = engine.snapshot().relations.get(&question.relation) else {
            continue;
        };
        let Some(trial) = Trial::of(engine, relation, question.need) else {
            continue;
        };
        let pair = match known.get(&trial.predicate) {
            Some(pair) => pair.clone(),
            None if known.len() >= MOST => continue,
            None => {
                let pair = trial.run(client, engine).await?;
                known.insert(trial.predicate.clone(), pair.clone());
                pair
            }
        };
        if let Some(pair) = pair {
            let leak = trial.leak(engine, question.need, &pair);
            tables::shown_by_trial(
                engine,
                relation,
                &question,
                (leak, trial.evidence(engine, &pair)),
            );
        }
    }
    Ok(())
}

/// One predicate over one table's key.
struct Trial<'t> {
    relation: &'t Relation,
    key: &'t Column,
    type_name: String,
    predicate: String,
}

impl<'t> Trial<'t> {
    /// `None` where the server could not be asked without more than a key and a context, or where
    /// the registry may refuse one of two organizations that look alike.
    fn of(engine: &Engine<'t>, relation: &'t Relation, need: Need) -> Option<Self> {
        let tenancy = engine.tenancy;
        let key = tenancy.key_column(relation.oid)?;
        let id = tenancy.key_column(tenancy.registry.oid)?;
        if key.type_oid != id.type_oid {
            return None;
        }
        let alike = |relation: &Relation| {
            let mut unique = relation
                .indexes
                .iter()
                .filter(|index| index.unique || index.exclusion);
            unique.any(|index| index.expressions.is_some())
        };
        if alike(tenancy.registry) {
            return None;
        }
        Some(Self {
            relation,
            key,
            type_name: engine.snapshot().types.get(&key.type_oid)?.name.clone(),
            predicate: engine.prover.closed(relation, need, &key.name)?,
        })
    }

    async fn run(&self, client: &Client, engine: &Engine<'_>) -> Result<Option<Pair>> {
        let Some(limits) = self.limits(client, engine).await? else {
            return Ok(None);
        };
        for group in samples::groups(&self.type_name, self.key) {
            let Some(valid) = self.valid(client, group, &limits).await? else {
                continue;
            };
            if valid.len() < 2 {
                continue;
            }
            let script = self.script(engine, &valid);
            let Some(rows) = answers(client, &script).await? else {
                continue;
            };
            // An organization that does not see its own row shows that the context is not what we
            // take it for.
            let sees_itself = rows.iter().any(|pair| pair.row == pair.context);
            let crossing = rows.into_iter().find(|pair| pair.row != pair.context);
            if let (true, Some(pair)) = (sees_itself, crossing) {
                return Ok(Some(pair));
            }
        }
        Ok(None)
    }

    /// Conditions that CHECK constraints put on a key, each with the name of its relation and of its
    /// column; `None` where they cannot be asked, or where a collation makes different keys equal.
    async fn limits(
        &self,
        client: &Client,
        engine: &Engine<'_>,
    ) -> Result<Option<Vec<(String, String, String)>>> {
        let registry = engine.tenancy.registry;
        let Some(id) = engine.tenancy.key_column(registry.oid) else {
            return Ok(None);
        };
        let sql = include_str!("../../sql/catalog/key_limits.sql");
        let places = [(registry, id), (self.relation, self.key)];
        let mut limits = Vec::new();
        for (relation, column) in places {
            let rows = client
                .query_typed(
                    sql,
                    &[(&relation.oid, Type::OID), (&column.number, Type::INT2)],
                )
                .await
                .map_err(explain)
                .context("cannot read the constraints of a tenant key")?;
            for row in &rows {
                let check: Option<String> = row.try_get(0).map_err(explain)?;
                // Null: the collation, or a constraint over more than the key.
                let Some(check) = check else { return Ok(None) };
                if !engine.prover.is_closed(relation, &check, &column.name) {
                    return Ok(None);
                }
                limits.push((relation.name.clone(), column.name.clone(), check));
            }
        }
        Ok(Some(limits))
    }

    /// The values that may be keys.
    async fn valid(
        &self,
        client: &Client,
        mut values: Vec<String>,
        limits: &[(String, String, String)],
    ) -> Result<Option<Vec<String>>> {
        for (relation, column, check) in limits {
            if values.is_empty() {
                break;
            }
            let rows = samples::rows(&values, &self.type_name, (relation, column));
            let name = quote::ident(column);
            let sql = format!(
                "select {name}::text, {name}::text from {rows} where ({check}) is not false"
            );
            let Some(valid) = answers(client, &sql).await? else {
                return Ok(None);
            };
            values = valid.into_iter().map(|pair| pair.row).collect();
        }
        Ok(Some(values))
    }

    /// Which keys pass under each of them as the context.
    fn script(&self, engine: &Engine<'_>, values: &[String]) -> String {
        let rows = samples::rows(
            values,
            &self.type_name,
            (&self.relation.name, &self.key.name),
        );
        let key = quote::ident(&self.key.name);
        let mut script = String::new();
        for value in values {
            let value = quote::literal(value);
            script += &format!(
                "{}; select {key}::text, {value} from {rows} where {};\n",
                set(engine, &value),
                self.predicate
            );
        }
        script
    }

    fn leak(&self, engine: &Engine<'_>, need: Need, pair: &Pair) -> Leak {
        let policies = engine.prover.applicable(self.relation, need);
        let permissive = policies.iter().filter(|policy| policy.permissive);
        Leak {
            situation: Situation::OtherTenant,
            conditions: vec![format!(
                "the row's tenant is {} and the context {}, for instance",
                quote::literal(&pair.row),
                quote::literal(&pair.context)
            )],
            by_row: true,
            by_setting: false,
            policies: permissive.map(|policy| policy.name.clone()).collect(),
            literally_true: false,
            written: Vec::new(),
        }
    }

    fn evidence(&self, engine: &Engine<'_>, pair: &Pair) -> String {
        let row = std::slice::from_ref(&pair.row);
        format!(
            "BEGIN; {}; SELECT {} AS passes FROM {}; ROLLBACK;  -- t: two organizations, and the policy takes them for one",
            set(engine, &quote::literal(&pair.context)),
            self.predicate,
            samples::rows(row, &self.type_name, (&self.relation.name, &self.key.name))
        )
    }
}

fn set(engine: &Engine<'_>, value: &str) -> String {
    let context = quote::literal(&engine.tenancy.settings.tenancy.context);
    format!("SELECT pg_catalog.set_config({context}, {value}, true)")
}

/// The rows of two columns that a script returns; `None` where the server refuses some of it.
async fn answers(client: &Client, script: &str) -> Result<Option<Vec<Pair>>> {
    let limits = "savepoint tenantctl_trial; set local statement_timeout = '5s'";
    client.batch_execute(limits).await.map_err(explain)?;
    let said = client.simple_query(script).await.map_err(explain);
    let back = "rollback to savepoint tenantctl_trial; release savepoint tenantctl_trial";
    client.batch_execute(back).await.map_err(explain)?;
    let messages = match said {
        Ok(messages) => messages,
        Err(error) if is_lost(&error) => return Err(error),
        Err(_) => return Ok(None),
    };
    let mut pairs = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message
            && row.len() == 2
            && let (Some(key), Some(context)) = (row.get(0), row.get(1))
        {
            pairs.push(Pair {
                row: key.to_owned(),
                context: context.to_owned(),
            });
        }
    }
    Ok(Some(pairs))
}
