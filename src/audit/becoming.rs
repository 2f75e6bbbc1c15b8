//! Roles that the login may become and that see more of the tenant tables than it does: they hold
//! more, or other policies bind them.

use std::collections::BTreeSet;

use super::engine::{Engine, Found, few};
use super::roles::revoke;
use crate::catalog::{Oid, Relation};
use crate::finding::{Operation, Severity};
use crate::paths::{Access, Powers};
use crate::predicate::{Answer, Need, Prover};
use crate::session::quote;

/// What is open to another role and not to the login.
struct Wider<'a> {
    relation: &'a Relation,
    operation: Operation,
    why: String,
    severity: Severity,
}

pub(super) fn audit(engine: &mut Engine<'_>) {
    let Some(app) = engine.tenancy.app else {
        return;
    };
    // Before PostgreSQL 16 CREATEROLE reaches every role, and is reported as such; so are superusers.
    let grants_itself = app.create_role && engine.snapshot().server.major() < 16;
    if app.superuser || app.bypass_rls || grants_itself {
        return;
    }
    for role in candidates(engine) {
        let wider = wider(engine, role);
        if !wider.is_empty() {
            report(engine, role, &wider);
        }
    }
}

/// Roles that the login may become and that a tenant table knows: by a grant or by a policy. Of the
/// others one stands for all: what it meets is what PUBLIC meets.
fn candidates(engine: &Engine<'_>) -> Vec<Oid> {
    let snapshot = engine.snapshot();
    let tables = engine.tenancy.tables.keys();
    let known = known_to(tables.map(|oid| &snapshot.relations[oid]));
    let binds = |role: &Oid| {
        let found = snapshot.roles.get(role);
        found.is_some_and(|role| !role.superuser && !role.bypass_rls)
    };
    let mut roles: Vec<Oid> = engine
        .powers
        .becomes
        .keys()
        .copied()
        .filter(binds)
        .collect();
    roles.sort_by_key(|role| snapshot.role_name(*role));
    let stranger = roles.iter().copied().find(|role| !known.contains(role));
    roles.retain(|role| known.contains(role) || Some(*role) == stranger);
    roles
}

/// Roles that hold a grant on one of the relations, or that one of their policies is TO.
pub(super) fn known_to<'r>(relations: impl Iterator<Item = &'r Relation>) -> BTreeSet<Oid> {
    let mut known = BTreeSet::new();
    for relation in relations {
        let columns = relation.columns.iter().map(|column| &column.acl);
        let lists = columns.chain([&relation.acl]).flatten();
        known.extend(lists.flat_map(|acl| acl.iter()).map(|item| item.grantee));
        known.extend(relation.policies.iter().flat_map(|policy| &policy.roles));
    }
    known
}

fn wider<'a>(engine: &Engine<'a>, role: Oid) -> Vec<Wider<'a>> {
    let snapshot = engine.snapshot();
    let powers = Powers::of(snapshot, role);
    let prover = engine.prover_for(role);
    let mut found = Vec::new();
    for table in engine.tenancy.by_name() {
        let relation = engine.tenancy.relation(table);
        // Its owner's powers are a finding of their own.
        if powers.held.contains(&relation.owner) {
            continue;
        }
        let access = Access::of(snapshot, &powers, relation);
        let own = engine.access(relation);
        for operation in access.operations {
            let Some((why, severity)) = open(&prover, relation, operation) else {
                continue;
            };
            let known =
                own.allows(operation) && open(&engine.prover, relation, operation).is_some();
            if !known {
                found.push(Wider {
                    relation,
                    operation,
                    why,
                    severity,
                });
            }
        }
    }
    found
}

/// Why another organization's rows are open to an operation, if they are.
fn open(
    prover: &Prover<'_>,
    relation: &Relation,
    operation: Operation,
) -> Option<(String, Severity)> {
    if let Some(why) = prover.unfiltered(relation) {
        return Some((why, Severity::Critical));
    }
    let needs: &[Need] = match operation {
        Operation::Select => &[Need::Select],
        Operation::Insert => &[Need::Insert],
        Operation::Update => &[Need::UpdateOld, Need::UpdateNew],
        Operation::Delete => &[Need::Delete],
    };
    let answers: Vec<_> = needs
        .iter()
        .map(|need| prover.judge(relation, *need))
        .collect();
    if answers.contains(&Answer::Denied) {
        return None;
    }
    answers
        .into_iter()
        .zip(needs)
        .find_map(|(answer, need)| match answer {
            Answer::Leaking(leak) => {
                let adds = matches!(need, Need::Insert | Need::UpdateNew);
                let severity = match leak.is_total() && !adds {
                    true => Severity::Critical,
                    false => Severity::High,
                };
                Some((leak.words(), severity))
            }
            _ => None,
        })
}

fn report(engine: &mut Engine<'_>, role: Oid, wider: &[Wider<'_>]) {
    // The worst first; among equals reading, which is what can be shown.
    let Some(worst) = wider
        .iter()
        .min_by_key(|wider| (std::cmp::Reverse(wider.severity), wider.operation))
    else {
        return;
    };
    let name = quote::ident(engine.snapshot().role_name(role));
    let tables: BTreeSet<String> = wider
        .iter()
        .map(|wider| wider.relation.qualified())
        .collect();
    let tables: Vec<String> = tables.into_iter().collect();
    let verb = worst.operation.word().to_uppercase();
    let table = worst.relation.qualified();
    let app = engine.app.clone();
    let mut path = engine.way_to_become(role);
    path.push(format!("{verb} on {table}"));
    let evidence = match worst.operation {
        Operation::Select => engine.evidence_as(&name, worst.relation),
        // Not the write itself: it would touch other organizations' rows.
        _ => Some(format!(
            "SELECT policyname, permissive, roles, cmd, qual, with_check FROM pg_catalog.pg_policies WHERE schemaname = {} AND tablename = {};",
            quote::literal(&worst.relation.schema_name),
            quote::literal(&worst.relation.name)
        )),
    };
    let fix = revoke(engine, role);
    engine.report(Found {
        check: "app-role-may-become-wider",
        severity: worst.severity,
        object: name.clone(),
        message: format!(
            "{app} may become {name}, to whom rows of other organizations are open in {} that are closed to {app} itself: {verb} on {table}, {}",
            few(&tables),
            worst.why
        ),
        path,
        evidence,
        fix: Some(fix),
    });
}
