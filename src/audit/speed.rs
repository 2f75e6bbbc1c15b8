//! Policies that isolate and are slow all the same.

use super::engine::{Engine, Found};
use crate::catalog::{Policy, Relation};
use crate::finding::Severity;
use crate::predicate::Form;
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>) {
    for table in engine.tenancy.by_name() {
        if !table.listed {
            continue;
        }
        let relation = engine.tenancy.relation(table);
        let forms: Vec<(&Policy, Form)> = relation
            .policies
            .iter()
            .map(|policy| (policy, engine.prover.form(relation, policy)))
            .collect();
        let names = |wanted: fn(&Form) -> bool| -> Vec<String> {
            let slow = forms.iter().filter(|(_, form)| wanted(form));
            slow.map(|(policy, _)| format!("policy {}", quote::ident(&policy.name)))
                .collect()
        };
        let per_row = names(|form| form.setting_per_row);
        let converts = names(|form| form.converts_key);
        if !per_row.is_empty() {
            report(
                engine,
                relation,
                "policy-setting-per-row",
                &per_row,
                "calls current_setting() for each row instead of once for the statement",
            );
        }
        if !converts.is_empty() {
            report(
                engine,
                relation,
                "policy-not-indexable",
                &converts,
                "converts the tenant key before comparing it, so an index on that column cannot be used",
            );
        }
    }
}

fn report(
    engine: &mut Engine<'_>,
    relation: &Relation,
    check: &'static str,
    policies: &[String],
    what: &str,
) {
    let object = relation.qualified();
    engine.report(Found {
        check,
        severity: Severity::Info,
        message: format!("{} of {object} {what}", policies.join(", ")),
        object,
        path: Vec::new(),
        evidence: None,
        fix: None,
    });
}
