//! The login as every role that it may become: SET ROLE changes `current_user`, the privileges and
//! the policies that apply.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Engine, Found};
use super::{functions, others, tables, views};
use crate::catalog::{Oid, Relation, Snapshot};
use crate::finding::{Operation, Severity, Verdict};
use crate::paths::Powers;
use crate::session::quote;
use crate::tenancy::Tenancy;

/// More kinds of identities than this are not looked at one by one.
const MAX_KINDS: usize = 64;

/// Adds what is open to the roles that the login may become, where it is not open to itself.
pub(super) fn audit(engine: &mut Engine<'_>) {
    let tenancy = engine.tenancy;
    if tenancy.app.is_none() {
        return;
    }
    let kinds = kinds(engine);
    if kinds.len() > MAX_KINDS {
        let app = engine.app.clone();
        engine.cover(
            &app,
            Operation::Select,
            Verdict::Unproven,
            format!(
                "it may become roles of {} kinds; the first {MAX_KINDS} were looked at",
                kinds.len()
            ),
        );
    }
    for role in kinds.into_iter().take(MAX_KINDS) {
        as_role(engine, tenancy, role);
    }
}

fn as_role<'a>(engine: &mut Engine<'a>, tenancy: &'a Tenancy<'a>, role: Oid) {
    let mut other = Engine::of(tenancy, role);
    tables::audit(&mut other);
    views::audit(&mut other);
    others::audit(&mut other);
    functions::audit(&mut other);
    let steps = engine.powers.path_to(engine.snapshot(), role);
    let name = quote::ident(engine.snapshot().role_name(role));
    for found in other.found {
        let known = engine
            .found
            .iter()
            .any(|known| known.check == found.check && known.object == found.object);
        if known || found.severity < Severity::Medium {
            continue;
        }
        let mut path = steps.clone();
        path.extend(found.path.into_iter().skip(1));
        engine.report(Found {
            message: format!(
                "as {name}, which {} may become: {}",
                engine.app, found.message
            ),
            path,
            ..found
        });
    }
    for row in other.coverage {
        let open = row.verdict == Verdict::Leaking && row.cause.is_some();
        if open || row.verdict == Verdict::Unproven {
            engine.coverage.push(row);
        }
    }
}

/// One role of every kind that the login may become: roles that hold the same of what matters here
/// see the same. What bypasses policies altogether is a finding of its own.
fn kinds(engine: &Engine<'_>) -> Vec<Oid> {
    let snapshot = engine.snapshot();
    let (granted, named) = mentioned(engine.tenancy);
    let holders = Powers::holders(snapshot, &granted);
    let mut kinds: BTreeMap<(BTreeSet<Oid>, Option<Oid>), Oid> = BTreeMap::new();
    let own: BTreeSet<Oid> = engine.powers.held.intersection(&granted).copied().collect();
    let guarded = guarded(snapshot);
    for role in engine.powers.becomes.keys() {
        let bypasses = snapshot
            .roles
            .get(role)
            .is_none_or(|role| role.superuser || role.bypass_rls);
        if bypasses || *role == engine.powers.role {
            continue;
        }
        let named = named.contains(role).then_some(*role);
        let held = holders.get(role).cloned().unwrap_or_default();
        // What it holds, the login holds as well, and no restrictive policy is shaken off: nothing
        // but its name could matter.
        let bound = own.intersection(&guarded).all(|guard| held.contains(guard));
        if named.is_none() && held.is_subset(&own) && bound {
            continue;
        }
        kinds.entry((held, named)).or_insert(*role);
    }
    kinds.into_values().collect()
}

/// Roles that a restrictive policy is TO: who is none of them is not held back by it.
fn guarded(snapshot: &Snapshot) -> BTreeSet<Oid> {
    let policies = snapshot
        .relations
        .values()
        .flat_map(|table| &table.policies);
    let restrictive = policies.filter(|policy| !policy.permissive);
    let roles = restrictive.flat_map(|policy| policy.roles.iter().copied());
    roles.filter(|role| *role != 0).collect()
}

/// Roles that something is granted to or owned by, and roles that a policy or a view names.
fn mentioned(tenancy: &Tenancy<'_>) -> (BTreeSet<Oid>, BTreeSet<Oid>) {
    let snapshot = tenancy.snapshot;
    let mut granted = known_to(snapshot.relations.values());
    let mut texts: Vec<&str> = Vec::new();
    for relation in snapshot.relations.values() {
        granted.insert(relation.owner);
        texts.extend(relation.definition.as_deref());
        for policy in &relation.policies {
            texts.extend(policy.using.as_deref());
            texts.extend(policy.check.as_deref());
        }
    }
    for function in snapshot.functions.values() {
        let items = function.acl.as_deref().unwrap_or_default();
        granted.extend(items.iter().map(|item| item.grantee));
        texts.push(&function.body);
    }
    (granted, named(snapshot, &texts))
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

/// Roles whose name is a string in one of the texts that ask who the user is.
fn named(snapshot: &Snapshot, texts: &[&str]) -> BTreeSet<Oid> {
    let asking: Vec<&str> = texts
        .iter()
        .copied()
        .filter(|text| {
            let text = text.to_lowercase();
            ["current_user", "current_role", "has_", "user"]
                .iter()
                .any(|word| text.contains(word))
        })
        .collect();
    if asking.is_empty() {
        return BTreeSet::new();
    }
    let strings: BTreeSet<&str> = asking.iter().flat_map(|text| text.split('\'')).collect();
    snapshot
        .roles
        .values()
        .filter(|role| strings.contains(role.name.as_str()))
        .map(|role| role.oid)
        .collect()
}
