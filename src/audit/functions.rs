//! SECURITY DEFINER functions that the application may call: they read as their owner.

use super::engine::{Engine, Found, few};
use crate::catalog::{Function, Privilege, Relation, holds};
use crate::finding::{Operation, Severity, Verdict};
use crate::predicate::Answer;
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>) {
    let mut functions: Vec<&Function> = engine
        .snapshot()
        .functions
        .values()
        .filter(|function| function.security_definer && !function.of_extension)
        .collect();
    functions.sort_by_key(|function| function.signature());
    for function in functions {
        if callable(engine, function) {
            definer(engine, function);
        }
    }
}

/// Whether the application can call it directly. A trigger function cannot be called.
fn callable(engine: &Engine<'_>, function: &Function) -> bool {
    let snapshot = engine.snapshot();
    let returns = snapshot
        .types
        .get(&function.returns)
        .map(|ty| ty.name.as_str());
    if matches!(returns, Some("trigger" | "event_trigger")) || engine.tenancy.app.is_none() {
        return false;
    }
    let executable = engine.powers.held.contains(&function.owner)
        || match &function.acl {
            // EXECUTE is granted to PUBLIC by default.
            None => true,
            Some(acl) => holds(Some(acl), &engine.powers.held, Privilege::Execute),
        };
    executable && engine.powers.may_use_schema(snapshot, function.schema)
}

fn definer(engine: &mut Engine<'_>, function: &Function) {
    let prover = engine.prover_for(function.owner);
    let words = words(&function.body);
    let open: Vec<(&Relation, String)> = engine
        .tenancy
        .by_name()
        .into_iter()
        .map(|table| engine.tenancy.relation(table))
        .filter(|relation| mentions(&words, relation))
        .filter_map(|relation| prover.unfiltered(relation).map(|why| (relation, why)))
        .collect();
    let signature = function.signature();
    let Some((_, why)) = open.first().cloned() else {
        return;
    };
    let tables: Vec<String> = open
        .iter()
        .map(|(relation, _)| relation.qualified())
        .collect();
    if function.language == "sql" {
        let answers: Vec<Answer> = open
            .iter()
            .map(|(relation, _)| prover.judge_query(&function.body, relation))
            .collect();
        if answers
            .iter()
            .all(|answer| matches!(answer, Answer::Proved(_)))
        {
            engine.cover(
                &signature,
                Operation::Select,
                Verdict::Proved,
                "its own WHERE pins the tenant key to the context",
            );
            return;
        }
    }
    if reads_context(engine, function, &words, 0) {
        engine.cover(
            &signature,
            Operation::Select,
            Verdict::Unproven,
            format!(
                "it runs as {} and may read {}; it looks at the context, but whether that limits it cannot be told from here: run the probe",
                quote::ident(engine.snapshot().role_name(function.owner)),
                few(&tables)
            ),
        );
        return;
    }
    report(engine, function, &tables, &why);
}

fn report(engine: &mut Engine<'_>, function: &Function, tables: &[String], why: &str) {
    let signature = function.signature();
    let owner = quote::ident(engine.snapshot().role_name(function.owner));
    let app = engine.app.clone();
    let returns = engine
        .snapshot()
        .types
        .get(&function.returns)
        .map(|ty| ty.name.clone());
    let severity = match returns.as_deref() {
        // One bit at a time: whether something exists.
        Some("boolean") if !function.returns_set => Severity::Medium,
        _ => Severity::Critical,
    };
    engine.report(Found {
        check: "definer-bypasses-rls",
        severity,
        object: signature.clone(),
        message: format!(
            "{signature} is SECURITY DEFINER and reaches {} as {owner}, and {why}; nothing in it looks at the context, and {app} may execute it",
            few(tables)
        ),
        path: vec![
            app.clone(),
            format!("EXECUTE on {signature}"),
            format!("as its owner {owner}"),
            tables[0].clone(),
        ],
        evidence: Some(format!(
            "SELECT pg_get_functiondef({}::regprocedure);",
            quote::literal(&signature)
        )),
        fix: Some(format!(
            "REVOKE EXECUTE ON {} {signature} FROM PUBLIC, {app};  -- or filter by the context inside",
            if function.kind == 'p' { "PROCEDURE" } else { "FUNCTION" }
        )),
    });
    engine.cover_leak(
        &signature,
        Operation::Select,
        why,
        ("definer-bypasses-rls", &signature),
    );
}

/// The identifiers of a body, lower-cased; comments and literals are not told apart, which can
/// only make a body look as if it did more.
fn words(body: &str) -> Vec<String> {
    body.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.')))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn mentions(words: &[String], relation: &Relation) -> bool {
    let name = relation.name.to_lowercase();
    words
        .iter()
        .any(|word| *word == name || word.rsplit_once('.').is_some_and(|(_, last)| last == name))
}

/// Whether a body reads the context, itself or through another function that it names.
fn reads_context(engine: &Engine<'_>, function: &Function, words: &[String], depth: usize) -> bool {
    const MAX_DEPTH: usize = 8;
    let context = engine.tenancy.settings.tenancy.context.to_lowercase();
    if words.contains(&context) || function.body.to_lowercase().contains(&context) {
        return true;
    }
    depth < MAX_DEPTH
        && engine.snapshot().functions.values().any(|other| {
            let name = other.name.to_lowercase();
            other.oid != function.oid
                && words.iter().any(|word| {
                    *word == name || word.rsplit_once('.').is_some_and(|(_, last)| last == name)
                })
                && reads_context(engine, other, &self::words(&other.body), depth + 1)
        })
}
