//! Rules other than a view's own act with the rights of the relation's owner. `rules-privileges`.

use super::engine::{Engine, Found};
use crate::catalog::{Relation, Rule};
use crate::finding::{Operation, Severity, Verdict};
use crate::predicate::Answer;
use crate::query::Use;
use crate::routine::Walker;
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>, walker: &Walker<'_>, relation: &Relation) {
    for rule in relation.rules.iter().filter(|rule| rule.event != '1') {
        let operation = match rule.event {
            '2' => Operation::Update,
            '3' => Operation::Insert,
            _ => Operation::Delete,
        };
        if !engine.access(relation).allows(operation) {
            continue;
        }
        let account = walker.ruled(relation, rule, engine.powers.role);
        match account {
            Some(account) if account.unknown.is_empty() => {
                for done in account
                    .changes
                    .iter()
                    .chain(account.shown.iter().map(AsRef::as_ref))
                {
                    rule_changes(engine, relation, (&rule.name, operation), done);
                }
            }
            _ => rule_unread(engine, relation, (rule, operation)),
        }
    }
}

/// What a rule's action may do to a row that is not the caller's.
fn rule_changes(
    engine: &mut Engine<'_>,
    relation: &Relation,
    rule: (&str, Operation),
    change: &Use,
) {
    let object = relation.qualified();
    for at in &change.rows {
        let Some(row) = change.arm.rows.get(*at) else {
            continue;
        };
        let target = engine.snapshot().relations.get(&row.relation);
        let tenant = engine.tenancy.tables.contains_key(&row.relation);
        let Some(target) = target.filter(|_| tenant && row.as_role != engine.powers.role) else {
            continue;
        };
        let provers = |role| engine.prover_for(role);
        let answer = engine.prover.judge_row(&change.arm, *at, &provers);
        match answer {
            Answer::Proved(_) | Answer::Denied => engine.cover(
                &object,
                rule.1,
                Verdict::Proved,
                "what its rule does is pinned to the context",
            ),
            Answer::Unproven(reason) => engine.cover(&object, rule.1, Verdict::Unproven, reason),
            Answer::Leaking(leak) => {
                let why = match engine.prover_for(row.as_role).unfiltered(target) {
                    Some(why) => format!("{why}; {}", leak.words()),
                    None => leak.words(),
                };
                rule_open(engine, relation, rule, target, &why);
            }
        }
    }
}

/// A rule that is not followed: any tenant table that it refers to may be changed past its policies.
fn rule_unread(
    engine: &mut Engine<'_>,
    relation: &Relation,
    (rule, operation): (&Rule, Operation),
) {
    let prover = engine.prover_for(relation.owner);
    let reached = rule
        .refers_to
        .iter()
        .filter(|oid| engine.tenancy.tables.contains_key(oid))
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .find_map(|target| prover.unfiltered(target));
    if let Some(why) = reached {
        let reason = format!(
            "what rule {} does is not followed; {why}",
            quote::ident(&rule.name)
        );
        engine.cover(&relation.qualified(), operation, Verdict::Unproven, reason);
    }
}

fn rule_open(
    engine: &mut Engine<'_>,
    relation: &Relation,
    (rule, operation): (&str, Operation),
    target: &Relation,
    why: &str,
) {
    let object = relation.qualified();
    if engine
        .found
        .iter()
        .any(|found| found.check == "rule-runs-as-owner" && found.object == object)
    {
        return;
    }
    let owner = quote::ident(engine.snapshot().role_name(relation.owner));
    let app = engine.app.clone();
    let verb = operation.word().to_uppercase();
    engine.report(Found {
        check: "rule-runs-as-owner",
        severity: Severity::High,
        object: object.clone(),
        message: format!(
            "{verb} on {object} runs rule {} as {owner} on {}, and {why}: the policies of neither table are asked",
            quote::ident(rule),
            target.qualified()
        ),
        path: vec![app, format!("{verb} on {object}"), format!("rule {}", quote::ident(rule)), format!("as {owner}"), target.qualified()],
        evidence: Some(format!(
            "SELECT definition FROM pg_catalog.pg_rules WHERE schemaname = {} AND tablename = {} AND rulename = {};",
            quote::literal(&relation.schema_name),
            quote::literal(&relation.name),
            quote::literal(rule)
        )),
        fix: Some(format!("DROP RULE {} ON {object};", quote::ident(rule))),
    });
    engine.cover_leak(&object, operation, why, ("rule-runs-as-owner", &object));
}
