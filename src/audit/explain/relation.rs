//! A table, view, sequence or foreign table.

use super::super::engine::Engine;
use super::super::grants;
use super::{Audited, Explanation, commands, ways};
use crate::catalog::{Column, Index, Oid, Relation, RelationKind};
use crate::session::quote;
use crate::tenancy::Reach;

pub(super) fn explain(engine: &Engine<'_>, oid: Oid, audited: Audited<'_>) -> Explanation {
    // The oid was found in this snapshot.
    let relation = &engine.snapshot().relations[&oid];
    Explanation {
        object: relation.qualified(),
        kind: relation.kind.word(),
        facts: facts(engine, relation),
        grants: grants::on_relation(&engine.memberships, &engine.powers, relation),
        paths: ways::to_relation(engine, relation, audited),
        commands: commands::explain(engine, relation, audited),
        indexes: indexes(engine, relation),
    }
}

fn facts(engine: &Engine<'_>, relation: &Relation) -> Vec<String> {
    let snapshot = engine.snapshot();
    let mut facts = vec![
        whose_rows(engine, relation),
        format!(
            "owned by {}",
            quote::ident(snapshot.role_name(relation.owner))
        ),
    ];
    if relation.kind.is_table() {
        facts.push(
            match (relation.row_security, relation.force_row_security) {
                (true, true) => "row-level security is enabled and forced",
                (true, false) => "row-level security is enabled, not forced",
                (false, true) => "row-level security is forced but not enabled, which does nothing",
                (false, false) => "row-level security is off",
            }
            .to_owned(),
        );
        facts.push(match engine.prover.unfiltered(relation) {
            None => format!("its policies bind {}", engine.app),
            Some(reason) => format!("its policies do not bind {}: {reason}", engine.app),
        });
    }
    if relation.kind == RelationKind::View {
        facts.push(
            match relation.security_invoker {
                true => "reads with the rights of whoever runs the statement (security_invoker)",
                false => "reads with its owner's rights",
            }
            .to_owned(),
        );
        facts.push(format!(
            "security_barrier is {}",
            on(relation.security_barrier)
        ));
    }
    if let Some((table, _)) = relation.owned_by
        && let Some(table) = snapshot.relations.get(&table)
    {
        facts.push(format!("numbers the rows of {}", table.qualified()));
    }
    facts.extend(family(engine, relation));
    if !engine.powers.may_use_schema(snapshot, relation.schema) && engine.tenancy.app.is_some() {
        facts.push(format!(
            "{} has no USAGE on schema {}: grants on it are of no use",
            engine.app,
            quote::ident(&relation.schema_name)
        ));
    }
    if let Some(definition) = &relation.definition {
        let query = definition.split_whitespace().collect::<Vec<_>>().join(" ");
        facts.push(format!("its query: {query}"));
    }
    facts
}

fn on(flag: bool) -> &'static str {
    if flag { "on" } else { "off" }
}

/// Partitions, children and parents.
fn family(engine: &Engine<'_>, relation: &Relation) -> Vec<String> {
    let snapshot = engine.snapshot();
    let mut facts = Vec::new();
    let parents = relation.parents.iter();
    for parent in parents.filter_map(|oid| snapshot.relations.get(oid)) {
        let word = if relation.is_partition {
            "a partition"
        } else {
            "a child"
        };
        facts.push(format!("{word} of {}", parent.qualified()));
    }
    let mut children: Vec<String> = snapshot
        .children(relation.oid)
        .map(Relation::qualified)
        .collect();
    children.sort();
    if !children.is_empty() {
        let few = super::super::engine::few(&children);
        facts.push(format!(
            "its rows are also in {few}, each with flags and policies of its own"
        ));
    }
    facts
}

/// How a row names its organization, in the configuration's words.
fn whose_rows(engine: &Engine<'_>, relation: &Relation) -> String {
    let name = |of: &Relation, number: i16| {
        let column = of.attribute(number);
        column.map_or_else(|| "?".to_owned(), |column| quote::ident(&column.name))
    };
    let reach = engine
        .tenancy
        .tables
        .get(&relation.oid)
        .map(|table| table.reach);
    match reach {
        Some(Reach::Registry { column }) => {
            format!(
                "the registry: {} is the organization",
                name(relation, column)
            )
        }
        Some(Reach::Key { column }) => {
            format!(
                "a tenant table: {} names the organization",
                name(relation, column)
            )
        }
        Some(Reach::Via {
            column,
            parent,
            parent_column,
        }) => {
            let Some(parent) = engine.snapshot().relations.get(&parent) else {
                return "a tenant table by way of a parent".into();
            };
            format!(
                "a tenant table by way of {} -> {}.{}",
                name(relation, column),
                parent.qualified(),
                name(parent, parent_column)
            )
        }
        None if engine.tenancy.shared.contains(&relation.oid) => {
            "shared: reference data of every organization".into()
        }
        None if relation.kind.is_table() => {
            "neither a tenant table nor shared, as far as the configuration says".into()
        }
        None => format!(
            "a {}, which has no policies of its own",
            relation.kind.word()
        ),
    }
}

/// Which indexes serve a condition on the key.
fn indexes(engine: &Engine<'_>, relation: &Relation) -> Option<String> {
    let reach = engine.tenancy.tables.get(&relation.oid)?.reach;
    let number = match reach {
        Reach::Registry { column } | Reach::Key { column } | Reach::Via { column, .. } => column,
    };
    let key = relation.attribute(number)?;
    let words: Vec<String> = relation
        .indexes
        .iter()
        .filter(|index| index.columns.contains(&number) || mentions(index, key))
        .map(|index| {
            let usable = match index {
                _ if !index.usable => "is not usable",
                _ if index.partial => "covers only some rows",
                _ if index.columns.first() == Some(&number) => "begins with it",
                _ if index.columns.first() == Some(&0) => "begins with an expression over it",
                _ => "has it in a later place",
            };
            format!("{} {usable}", quote::ident(&index.name))
        })
        .collect();
    let key = quote::ident(&key.name);
    Some(match words.as_slice() {
        [] => format!("no index contains {key}: every organization's rows are read"),
        words => format!("{key}: {}", words.join(", ")),
    })
}

fn mentions(index: &Index, key: &Column) -> bool {
    let expressions = index.expressions.as_deref();
    expressions.is_some_and(|text| text.contains(&quote::ident(&key.name)))
}
