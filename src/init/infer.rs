//! Puts the parts of a proposal together.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::key::{self, Candidate};
use super::scope::Scope;
use super::tables::{Grants, classify};
use super::{Choice, Proposal, columns, context, role, words};
use crate::catalog::Snapshot;
use crate::exit::usage;
use crate::settings::{KeyType, Overrides};

/// What the command line says; it is not second-guessed.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// `--key`
    pub key: Option<String>,
    /// `--key-type`
    pub key_type: Option<KeyType>,
    /// `--context`
    pub context: Option<String>,
    /// `--registry`
    pub registry: Option<String>,
    /// `--app-role`
    pub app_role: Option<String>,
    /// `--schema`
    pub schemas: Vec<String>,
}

impl From<&Overrides> for Hints {
    fn from(over: &Overrides) -> Self {
        Self {
            key: over.key.clone(),
            key_type: over.key_type,
            context: over.context.clone(),
            registry: over.registry.clone(),
            app_role: over.app_role.clone(),
            schemas: over.schemas.clone(),
        }
    }
}

/// Proposes a configuration for a database.
///
/// # Errors
/// A usage error that says what was looked for, where nothing convinces, and for a schema, table or
/// column that was named and is not there.
pub fn infer(snapshot: &Snapshot, hints: &Hints) -> Result<Proposal> {
    named_are_there(snapshot, hints)?;
    let scope = Scope::new(snapshot, &hints.schemas);
    if scope.tables.is_empty() {
        return Err(usage(format!(
            "there are no tables in {} of database {}: nothing to look at",
            if hints.schemas.is_empty() {
                "any schema".to_owned()
            } else {
                format!("schema {}", hints.schemas.join(", "))
            },
            snapshot.server.database
        )));
    }
    let found = key::choose(&scope, hints)?;
    let best = &found[0];
    let (app_role, app_role_exists) = app_role(&scope, hints);
    let grants = Grants {
        roles: snapshot
            .role(&app_role.value)
            .map(|app| role::closure(snapshot, app.oid))
            .unwrap_or_default(),
    };
    let (tables, mut schemas) = classify(&scope, best, &grants);
    if !hints.schemas.is_empty() {
        schemas.clone_from(&hints.schemas);
    }
    let (seen_context, raises) = context::choose(&scope, best);
    let columns = columns::choose(&scope, best.registry, best.id);
    let limit = snapshot
        .role(&app_role.value)
        .map_or(-1, |app| app.connection_limit);
    Ok(Proposal {
        database: snapshot.server.database.clone(),
        key: given(hints.key.as_ref(), "--key", key::key_choice(&scope, &found)),
        key_type: hints.key_type.unwrap_or(best.key_type),
        context: given(hints.context.as_ref(), "--context", seen_context),
        registry: given(
            hints.registry.as_ref(),
            "--registry",
            key::registry_choice(&found),
        ),
        registry_id: Choice {
            value: best.id.name.clone(),
            why: registry_id(best),
            others: Vec::new(),
        },
        app_role,
        app_role_exists,
        schemas,
        tables,
        name: columns.name,
        slug: columns.slug,
        active: columns.active,
        policy_name: policy_name(&scope, best),
        raises,
        connection_limit: if limit > 0 { limit } else { 50 },
    })
}

fn registry_id(best: &Candidate<'_>) -> String {
    if best.referencing.is_empty() {
        "the primary key".into()
    } else {
        format!("what {} references", best.key)
    }
}

/// What was given wins; what was seen becomes the runner-up.
fn given(value: Option<&String>, option: &str, seen: Choice) -> Choice {
    let Some(value) = value else {
        return seen;
    };
    if *value == seen.value {
        return Choice {
            why: format!("given with {option}; {}", seen.why),
            ..seen
        };
    }
    Choice {
        value: value.clone(),
        why: format!("given with {option}"),
        others: Vec::new(),
    }
}

fn app_role(scope: &Scope<'_>, hints: &Hints) -> (Choice, bool) {
    let (seen, exists) = role::choose(scope);
    match &hints.app_role {
        None => (seen, exists),
        Some(name) => {
            let exists = scope.snapshot.role(name).is_some();
            (given(Some(name), "--app-role", seen), exists)
        }
    }
}

fn named_are_there(snapshot: &Snapshot, hints: &Hints) -> Result<()> {
    let database = &snapshot.server.database;
    for wanted in &hints.schemas {
        if !snapshot
            .schemas
            .values()
            .any(|schema| schema.name == *wanted)
        {
            return Err(usage(format!(
                "schema {wanted} does not exist in database {database}"
            )));
        }
    }
    if let Some(registry) = &hints.registry
        && !snapshot
            .find_verbatim(registry)
            .is_some_and(|found| found.kind.is_table())
    {
        return Err(usage(format!(
            "--registry: table {registry} does not exist in database {database}; write schema.table"
        )));
    }
    if let Some(key) = &hints.key
        && !snapshot
            .relations
            .values()
            .any(|r| r.kind.is_table() && r.column(key).is_some())
    {
        return Err(usage(format!(
            "--key: no table in database {database} has a column {key}"
        )));
    }
    Ok(())
}

/// The name that the policies have already, so that `plan` brings those in order instead of adding
/// more; where most tables have none, the usual one.
fn policy_name(scope: &Scope<'_>, best: &Candidate<'_>) -> Choice {
    let mut patterns: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let tenant = |oid: &u32| best.having.contains(oid) || *oid == best.registry.oid;
    for table in scope.tables.iter().filter(|table| tenant(&table.oid)) {
        for policy in &table.policies {
            // A short name such as "a" stands in many words.
            let pattern = if table.name.len() > 3 {
                policy.name.replacen(&table.name, "{table}", 1)
            } else {
                policy.name.clone()
            };
            patterns.entry(pattern).or_default().insert(table.oid);
        }
    }
    let most = patterns.iter().max_by_key(|(_, tables)| tables.len());
    match most {
        Some((pattern, tables)) if tables.len() >= 2 && 2 * tables.len() > best.having.len() => {
            Choice {
                value: pattern.clone(),
                why: format!(
                    "policies of {} are called so",
                    words::counted(tables.len(), "table")
                ),
                others: Vec::new(),
            }
        }
        _ => Choice {
            value: "{table}_org_isolation".into(),
            why: "the usual name".into(),
            others: Vec::new(),
        },
    }
}
