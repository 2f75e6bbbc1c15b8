//! Tenant tables: what the application may do with each, and which rows it then meets.

use super::engine::{Engine, Found};
use super::trial::Question;
use crate::catalog::Relation;
use crate::finding::{Operation, Severity, Verdict};
use crate::paths::Access;
use crate::predicate::{Answer, Leak, Need, Situation};
use crate::tenancy::{Reach, TenantTable};

/// Judges every (tenant table, operation).
pub(super) fn audit(engine: &mut Engine<'_>) {
    for table in engine.tenancy.by_name() {
        let relation = engine.tenancy.relation(table);
        let object = relation.qualified();
        let access = engine.access(relation);
        if !table.listed && access.is_none() {
            continue;
        }
        match engine.prover.unfiltered(relation) {
            Some(reason) => unfiltered(engine, table, &object, &access, &reason),
            None => filtered(engine, relation, &object, &access),
        }
        if relation.row_security && !relation.force_row_security {
            not_forced(engine, relation, &object);
        }
    }
}

/// No policy stands between the application and the rows.
fn unfiltered(
    engine: &mut Engine<'_>,
    table: &TenantTable,
    object: &str,
    access: &Access,
    reason: &str,
) {
    let relation = engine.tenancy.relation(table);
    let cause = if relation.row_security {
        by_role(engine, relation, object)
    } else {
        Some(rls_off(engine, table, object, access))
    };
    for operation in Operation::ALL {
        if !access.allows(operation) {
            engine.cover(
                object,
                operation,
                Verdict::Proved,
                no_privilege(engine, operation),
            );
            continue;
        }
        match &cause {
            Some((check, at)) => engine.cover_leak(object, operation, reason, (check, at)),
            None => engine.cover(object, operation, Verdict::Leaking, reason),
        }
    }
}

/// The finding that explains why an enabled policy does not bind the role; reported elsewhere.
fn by_role(
    engine: &Engine<'_>,
    relation: &Relation,
    object: &str,
) -> Option<(&'static str, String)> {
    let role = engine.tenancy.app?;
    Some(if role.superuser {
        ("app-role-superuser", engine.app.clone())
    } else if role.bypass_rls {
        ("app-role-bypasses-rls", engine.app.clone())
    } else {
        debug_assert!(!relation.force_row_security);
        ("rls-not-forced", object.to_owned())
    })
}

fn rls_off(
    engine: &mut Engine<'_>,
    table: &TenantTable,
    object: &str,
    access: &Access,
) -> (&'static str, String) {
    let relation = engine.tenancy.relation(table);
    let check = match table.reach {
        Reach::Registry { .. } => "registry-exposed",
        _ if !relation.parents.is_empty() => "partition-open",
        // Policies that nothing evaluates were meant to protect; without any, nobody meant to.
        _ if relation.policies.is_empty() => "table-unprotected",
        _ => "rls-not-enabled",
    };
    // A child that only its parent is granted for is as it should be.
    if access.is_none() && check == "partition-open" {
        return (check, object.to_owned());
    }
    let path = match access.operations.first() {
        None => Vec::new(),
        Some(first) => {
            let mut way = engine.way(relation, *first);
            way.push(format!("{object} without row-level security"));
            way
        }
    };
    let key = engine.tenancy.key_column(table.oid);
    let key = key.map(|key| key.name.as_str());
    let then = match relation.policies.is_empty() {
        true => "  -- then a policy: tenantctl apply",
        false => "",
    };
    let found = Found {
        check,
        severity: if access.is_none() {
            Severity::Info
        } else {
            Severity::Critical
        },
        object: object.to_owned(),
        message: format!(
            "{}; {}",
            why_off(engine, relation, check, object),
            who_reaches(engine, access)
        ),
        path,
        evidence: if access.is_none() {
            Some(flags(object))
        } else {
            engine.evidence(object, key)
        },
        fix: Some(format!(
            "ALTER TABLE {object} ENABLE ROW LEVEL SECURITY; ALTER TABLE {object} FORCE ROW LEVEL SECURITY;{then}"
        )),
    };
    engine.report(found);
    (check, object.to_owned())
}

fn why_off(engine: &Engine<'_>, relation: &Relation, check: &str, object: &str) -> String {
    match check {
        "registry-exposed" => format!("the registry {object} has no row-level security"),
        "partition-open" => format!(
            "{object} is a child of {}, whose policies do not apply when it is named directly; it has no row-level security of its own",
            parent_names(engine, relation)
        ),
        _ if relation.force_row_security => format!(
            "row-level security on {object} is forced but not enabled, and FORCE without ENABLE does nothing"
        ),
        _ if relation.policies.is_empty() => {
            format!("row-level security is not enabled on {object}")
        }
        _ => format!(
            "{object} has policies, but row-level security is not enabled: nothing evaluates them"
        ),
    }
}

fn who_reaches(engine: &Engine<'_>, access: &Access) -> String {
    let app = &engine.app;
    if access.is_none() {
        return format!("{app} has no privilege on it today");
    }
    if engine.tenancy.app.is_none() {
        return format!("{app} will see every organization's rows");
    }
    let verbs: Vec<_> = access
        .operations
        .iter()
        .map(|operation| operation.word())
        .collect();
    let columns = if access.columns_only {
        " (some columns)"
    } else {
        ""
    };
    format!(
        "{app} may {}{columns} every organization's rows",
        verbs.join(", ")
    )
}

fn parent_names(engine: &Engine<'_>, relation: &Relation) -> String {
    let names: Vec<String> = relation
        .parents
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .map(Relation::qualified)
        .collect();
    names.join(", ")
}

fn no_privilege(engine: &Engine<'_>, operation: Operation) -> String {
    format!(
        "no privilege: {} may not {} there",
        engine.app,
        operation.word().to_uppercase()
    )
}

/// ENABLE without FORCE: matters exactly as much as who has the owner's rights.
fn not_forced(engine: &mut Engine<'_>, relation: &Relation, object: &str) {
    let owner = crate::session::quote::ident(engine.snapshot().role_name(relation.owner));
    let held = engine.powers.held.contains(&relation.owner);
    let (severity, path, message) = if held {
        (
            Severity::Critical,
            {
                let mut way = engine.way_to_role(relation.owner);
                way.push(format!("as {owner}, the owner of {object}"));
                way.push(format!("{object}, not forced"));
                way
            },
            format!(
                "{} has the rights of {owner}, who owns {object}, and the owner is exempt from its policies because row-level security is not forced",
                engine.app
            ),
        )
    } else {
        (
            Severity::Low,
            Vec::new(),
            format!(
                "row-level security on {object} is not forced: whatever runs as its owner {owner} (a view, a SECURITY DEFINER function, a migration) is exempt"
            ),
        )
    };
    let key = engine
        .tenancy
        .key_column(relation.oid)
        .map(|key| key.name.as_str());
    let evidence = if held {
        engine.evidence(object, key)
    } else {
        Some(flags(object))
    };
    engine.report(Found {
        check: "rls-not-forced",
        severity,
        object: object.to_owned(),
        message,
        path,
        evidence,
        fix: Some(format!("ALTER TABLE {object} FORCE ROW LEVEL SECURITY;")),
    });
}

/// What the catalog says of a table that the application does not reach by itself.
fn flags(object: &str) -> String {
    format!(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_catalog.pg_class WHERE oid = {}::regclass;",
        crate::session::quote::literal(object)
    )
}

/// Policies apply: are they right?
fn filtered(engine: &mut Engine<'_>, relation: &Relation, object: &str, access: &Access) {
    let mut reported: Vec<(&'static str, Leak)> = Vec::new();
    let reads = engine.prover.judge(relation, Need::Select);
    for operation in Operation::ALL {
        if !access.allows(operation) {
            engine.cover(
                object,
                operation,
                Verdict::Proved,
                no_privilege(engine, operation),
            );
            continue;
        }
        let needs: &[Need] = match operation {
            Operation::Select => &[Need::Select],
            Operation::Insert => &[Need::Insert],
            Operation::Update if engine.may_set_tenant(relation) => {
                &[Need::UpdateOld, Need::UpdateNew]
            }
            // The new row is of the old one's organization.
            Operation::Update => &[Need::UpdateOld],
            Operation::Delete => &[Need::Delete],
        };
        let answers: Vec<_> = needs
            .iter()
            .map(|need| (*need, engine.prover.judge(relation, *need)))
            .collect();
        let (need, answer) = worst(answers);
        match answer {
            Answer::Proved(reason) => engine.cover(object, operation, Verdict::Proved, reason),
            Answer::Denied => engine.cover(
                object,
                operation,
                Verdict::Proved,
                format!(
                    "no permissive policy applies to {}: nothing passes",
                    engine.app
                ),
            ),
            Answer::Unproven(reason) => {
                engine.cover(object, operation, Verdict::Unproven, reason);
                engine.questions.push(Question {
                    relation: relation.oid,
                    need,
                    operation,
                });
            }
            Answer::Leaking(leak) => {
                let check = check_for(&leak, need, &reads);
                let reason = leak.words();
                engine.cover_leak(object, operation, reason, (check, object));
                match reported.iter_mut().find(|(known, _)| *known == check) {
                    Some((_, known)) if known.is_total() || !leak.is_total() => {}
                    Some((_, known)) => *known = leak.clone(),
                    None => reported.push((check, leak.clone())),
                }
                let evidence = engine.shows(relation, (need, &leak), false);
                leaking(engine, relation, (check, need, &leak), evidence);
            }
        }
    }
}

/// A trial came through where the proof had stopped.
pub(super) fn shown_by_trial(
    engine: &mut Engine<'_>,
    relation: &Relation,
    question: &Question,
    (leak, evidence): (Leak, String),
) {
    let object = relation.qualified();
    let reads = engine.prover.judge(relation, Need::Select);
    let check = match reads {
        // What it takes for one it takes for one everywhere.
        Answer::Unproven(_) => "policy-not-tenant",
        _ => check_for(&leak, question.need, &reads),
    };
    engine.coverage.retain(|row| {
        row.object != object
            || row.operation != question.operation
            || row.verdict != Verdict::Unproven
    });
    engine.cover_leak(&object, question.operation, leak.words(), (check, &object));
    leaking(
        engine,
        relation,
        (check, question.need, &leak),
        Some(evidence),
    );
}

/// The answer that decides an operation which has to pass several predicates.
fn worst(answers: Vec<(Need, Answer)>) -> (Need, Answer) {
    // An UPDATE that can change no row has nothing to write.
    if let Some(denied) = answers.iter().find(|(_, answer)| *answer == Answer::Denied) {
        return denied.clone();
    }
    answers
        .into_iter()
        .max_by_key(|(_, answer)| answer.rank())
        .unwrap_or((Need::Select, Answer::Denied))
}

fn check_for(leak: &Leak, need: Need, reads: &Answer) -> &'static str {
    let writes = matches!(need, Need::Insert | Need::UpdateNew);
    if leak.by_setting {
        "policy-reads-other-setting"
    } else if matches!(
        leak.situation,
        Situation::NoContext | Situation::EmptyContext
    ) {
        "policy-open-without-context"
    } else if writes && !matches!(reads, Answer::Leaking(_)) {
        "policy-check-wider"
    } else if matches!(need, Need::UpdateOld | Need::Delete) && !matches!(reads, Answer::Leaking(_))
    {
        "policy-write-open"
    } else if leak.literally_true {
        "policy-always-true"
    } else {
        "policy-not-tenant"
    }
}

fn leaking(
    engine: &mut Engine<'_>,
    relation: &Relation,
    (check, need, leak): (&'static str, Need, &Leak),
    evidence: Option<String>,
) {
    let object = &relation.qualified();
    if engine
        .found
        .iter()
        .any(|found| found.check == check && found.object == *object)
    {
        return;
    }
    let operation = match need {
        Need::Select => Operation::Select,
        Need::Insert => Operation::Insert,
        Need::UpdateOld | Need::UpdateNew => Operation::Update,
        Need::Delete => Operation::Delete,
    };
    let severity = match need {
        Need::Insert | Need::UpdateNew => Severity::High,
        _ if leak.is_total() => Severity::Critical,
        _ => Severity::High,
    };
    let policies: Vec<String> = leak
        .policies
        .iter()
        .map(|name| crate::session::quote::ident(name))
        .collect();
    let by = match policies.as_slice() {
        [] => "its policies together".to_owned(),
        [one] => format!("policy {one}"),
        many => format!("policies {}", many.join(", ")),
    };
    let what = consequence(need);
    let mut path: Vec<String> = Vec::new();
    let mut way = engine.way(relation, operation).into_iter();
    path.extend(way.next());
    path.extend(
        leak.written
            .iter()
            .map(|written| format!("{} on {}", written.privilege, written.table)),
    );
    path.extend(way);
    path.push(format!("{by} on {object}"));
    engine.report(Found {
        check,
        severity,
        object: object.to_owned(),
        message: format!("{by} on {object} {what}: {}", leak.words()),
        path,
        evidence,
        fix: remedy(leak, object),
    });
}

fn remedy(leak: &Leak, object: &str) -> Option<String> {
    let revoke = leak.written.first().map(|written| {
        format!(
            "REVOKE {} ON {} FROM {};  -- or a policy there that ties new rows to the context on both ends",
            written.privilege, written.table, written.role
        )
    });
    revoke.or_else(|| {
        let name = crate::session::quote::ident(leak.policies.first()?);
        Some(format!(
            "DROP POLICY {name} ON {object};  -- then: tenantctl apply"
        ))
    })
}

fn consequence(need: Need) -> &'static str {
    match need {
        Need::Insert => "admits new rows of another organization",
        Need::UpdateNew => "lets a row be moved to another organization",
        Need::UpdateOld => {
            "lets rows of another organization be changed (a blind UPDATE reads no column, so SELECT policies do not apply)"
        }
        Need::Delete => {
            "lets rows of another organization be deleted (a blind DELETE reads no column, so SELECT policies do not apply)"
        }
        Need::Select => "shows rows of another organization",
    }
}
