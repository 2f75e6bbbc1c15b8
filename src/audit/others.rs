//! Tables that the configuration calls neither tenant tables nor shared, and that the application
//! can reach all the same.

use super::engine::{Engine, Found};
use crate::catalog::{ConstraintKind, Relation};
use crate::finding::{Operation, Severity, Verdict};
use crate::paths::Access;

pub(super) fn audit(engine: &mut Engine<'_>) {
    let mut others: Vec<&Relation> = engine.tenancy.others().collect();
    others.sort_by_key(|relation| (relation.schema_name.clone(), relation.name.clone()));
    let mut shared: Vec<&Relation> = engine
        .tenancy
        .shared
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .collect();
    shared.sort_by_key(|relation| (relation.schema_name.clone(), relation.name.clone()));
    for relation in others {
        let access = engine.access(relation);
        if !access.is_none() {
            unclassified(engine, relation, &access);
        }
    }
    for relation in shared {
        let access = engine.access(relation);
        let writes = access
            .operations
            .iter()
            .any(|operation| *operation != Operation::Select);
        if writes && engine.prover.unfiltered(relation).is_some() {
            shared_writable(engine, relation, &access);
        }
    }
}

fn unclassified(engine: &mut Engine<'_>, relation: &Relation, access: &Access) {
    let object = relation.qualified();
    if engine.prover.unfiltered(relation).is_none() {
        // Filtered by policies of the team's own making, on a table that we cannot relate to a
        // tenant: nothing to prove them against.
        let permissive = relation.policies.iter().any(|policy| policy.permissive);
        for operation in &access.operations {
            if permissive {
                engine.cover(
                    &object,
                    *operation,
                    Verdict::Unproven,
                    "it has policies, but the configuration does not say how its rows belong to an organization; add it to [tables.key], [tables.via] or shared",
                );
            } else {
                engine.cover(
                    &object,
                    *operation,
                    Verdict::Proved,
                    "it has no permissive policy: nothing passes",
                );
            }
        }
        return;
    }
    let (severity, why, hint) = likeness(engine, relation);
    let verbs: Vec<_> = access
        .operations
        .iter()
        .map(|operation| operation.word())
        .collect();
    let app = engine.app.clone();
    let mut path = engine.way(relation, access.operations[0]);
    path.push(format!("{object} without row-level security"));
    engine.report(Found {
        check: "unclassified-table",
        severity,
        object: object.clone(),
        message: format!(
            "{object} has no row-level security, {app} may {} it, and the configuration calls it neither a tenant table nor shared: {why}",
            verbs.join(", ")
        ),
        path,
        evidence: engine.evidence(&object, None),
        fix: Some(format!("{hint}, or REVOKE ALL ON {object} FROM {app}, PUBLIC;")),
    });
    for operation in &access.operations {
        match severity {
            Severity::Low | Severity::Info => {}
            Severity::Medium => engine.cover(&object, *operation, Verdict::Unproven, why.clone()),
            _ => engine.cover_leak(
                &object,
                *operation,
                why.clone(),
                ("unclassified-table", &object),
            ),
        }
    }
}

/// How bad it is that nobody classified a table, why, and what to write.
type Likeness = (Severity, String, String);

/// How much a table looks like one that holds tenants' rows.
fn likeness(engine: &Engine<'_>, relation: &Relation) -> Likeness {
    refers_to_tenants(engine, relation)
        .or_else(|| copies_tenants(engine, relation))
        .or_else(|| has_likely_key(engine, relation))
        .unwrap_or_else(|| unknown(engine, relation))
}

fn refers_to_tenants(engine: &Engine<'_>, relation: &Relation) -> Option<Likeness> {
    let in_toml = relation.verbatim();
    let reference = relation
        .constraints
        .iter()
        .filter(|constraint| constraint.kind == ConstraintKind::Foreign)
        .find(|constraint| engine.tenancy.tables.contains_key(&constraint.references))?;
    let parent = engine.snapshot().relations.get(&reference.references)?;
    let names = |of: &Relation, numbers: &[i16]| -> Vec<String> {
        let columns = numbers.iter().filter_map(|number| of.attribute(*number));
        columns.map(|column| column.name.clone()).collect()
    };
    let columns = names(relation, &reference.columns).join(", ");
    let hint = if reference.references == engine.tenancy.registry.oid {
        format!("[tables.key] \"{in_toml}\" = \"{columns}\" and tenantctl apply")
    } else {
        let target = names(parent, &reference.referenced_columns).join(", ");
        format!(
            "[tables.via] \"{in_toml}\" = \"{columns} -> {}.{target}\" and tenantctl apply",
            parent.verbatim()
        )
    };
    let why = format!(
        "its {columns} refers to {}, a tenant table",
        parent.qualified()
    );
    Some((Severity::Critical, why, hint))
}

fn copies_tenants(engine: &Engine<'_>, relation: &Relation) -> Option<Likeness> {
    let source = filled_by_trigger(engine, relation)?;
    Some((
        Severity::Critical,
        format!("a trigger of {} writes to it", source.qualified()),
        format!(
            "a tenant key for {}, then [tables.key]",
            relation.qualified()
        ),
    ))
}

/// A column of the tenant key's type, with a name like it.
fn has_likely_key(engine: &Engine<'_>, relation: &Relation) -> Option<Likeness> {
    let snapshot = engine.snapshot();
    let registry_key = engine.tenancy.key_column(engine.tenancy.registry.oid)?;
    let key_type = snapshot.base_type(registry_key.type_oid);
    let named = engine.tenancy.settings.tenancy.key.to_lowercase();
    let stem = named.trim_end_matches("id").trim_end_matches('_');
    let column = relation.columns.iter().find(|column| {
        snapshot.base_type(column.type_oid) == key_type
            && stem.len() >= 3
            && column.name.to_lowercase().contains(stem)
    })?;
    Some((
        Severity::High,
        format!(
            "its column {} has the tenant key's type and a name like it",
            column.name
        ),
        format!(
            "[tables.key] \"{}\" = \"{}\" and tenantctl apply",
            relation.verbatim(),
            column.name
        ),
    ))
}

fn unknown(engine: &Engine<'_>, relation: &Relation) -> Likeness {
    let referenced = engine.tenancy.tables.keys().any(|oid| {
        let constraints = &engine.snapshot().relations[oid].constraints;
        constraints.iter().any(|constraint| {
            constraint.kind == ConstraintKind::Foreign && constraint.references == relation.oid
        })
    });
    let only_read = engine.access(relation).operations == [Operation::Select];
    // What tenant tables refer to and nobody writes is reference data in all but name.
    let severity = match referenced && only_read {
        true => Severity::Low,
        false => Severity::Medium,
    };
    (
        severity,
        "nobody has said whose rows it holds".into(),
        format!(
            "[tables] shared = [\"{}\"] where it is reference data",
            relation.verbatim()
        ),
    )
}

/// The tenant table whose trigger's function names this one: a history, a copy.
fn filled_by_trigger<'a>(engine: &Engine<'a>, relation: &Relation) -> Option<&'a Relation> {
    let snapshot = engine.snapshot();
    let name = relation.name.to_lowercase();
    engine
        .tenancy
        .by_name()
        .into_iter()
        .map(|table| engine.tenancy.relation(table))
        .find(|table| {
            table
                .triggers
                .iter()
                .filter_map(|trigger| snapshot.functions.get(&trigger.function))
                .any(|function| {
                    function
                        .body
                        .to_lowercase()
                        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                        .any(|word| word == name)
                })
        })
}

fn shared_writable(engine: &mut Engine<'_>, relation: &Relation, access: &Access) {
    let object = relation.qualified();
    let app = engine.app.clone();
    let verbs: Vec<String> = access
        .operations
        .iter()
        .filter(|operation| **operation != Operation::Select)
        .map(|operation| operation.word().to_uppercase())
        .collect();
    let verbs = verbs.join(", ");
    engine.report(Found {
        check: "shared-table-writable",
        severity: Severity::Medium,
        object: object.clone(),
        message: format!(
            "{object} is shared by every organization, and {app} may write it: one organization changes what all others read"
        ),
        path: vec![
            app.clone(),
            format!("{verbs} on {object}"),
            "what every other organization reads".into(),
        ],
        evidence: Some(format!(
            "SELECT has_any_column_privilege({app}, {table}, 'INSERT, UPDATE') OR has_table_privilege({app}, {table}, 'DELETE');",
            app = crate::session::quote::literal(&engine.tenancy.settings.tenancy.app_role),
            table = crate::session::quote::literal(&object)
        )),
        fix: Some(format!("REVOKE INSERT, UPDATE, DELETE ON {object} FROM {app}, PUBLIC;")),
    });
}
