//! Views, materialized views, foreign tables and rules: other ways to the same rows.

use std::collections::BTreeSet;

use super::engine::{Engine, Found};
use crate::catalog::{Oid, Relation, RelationKind};
use crate::finding::{Operation, Severity, Verdict};
use crate::paths::{Route, routes};
use crate::predicate::{Answer, Need};
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>) {
    let mut relations: Vec<&Relation> = engine
        .snapshot()
        .relations
        .values()
        .filter(|relation| !relation.of_extension)
        .collect();
    relations.sort_by_key(|relation| (relation.schema_name.clone(), relation.name.clone()));
    for relation in relations {
        if engine.access(relation).is_none() {
            continue;
        }
        match relation.kind {
            RelationKind::View => {
                view(engine, relation);
                rules(engine, relation);
            }
            RelationKind::MaterializedView => materialized_view(engine, relation),
            RelationKind::ForeignTable => foreign_table(engine, relation),
            RelationKind::Table | RelationKind::Partitioned => rules(engine, relation),
            RelationKind::Sequence => {}
        }
    }
}

/// The verdict on one way from a view to a table.
enum Passage {
    Closed(String),
    /// Filtered by the view alone, without a barrier.
    NoBarrier(String),
    Open(String),
    Unknown(String),
}

fn view(engine: &mut Engine<'_>, view: &Relation) {
    let object = view.qualified();
    let access = engine.access(view);
    let mut closed = None;
    let mut unknown = None;
    let mut leak: Option<(&'static str, String)> = None;
    for route in routes(engine.snapshot(), view, engine.powers.role) {
        let Some(target) = engine.snapshot().relations.get(&route.target) else {
            continue;
        };
        match passage(engine, &route, target) {
            None => {}
            Some(Passage::Closed(reason)) => closed = closed.or(Some(reason)),
            Some(Passage::Unknown(reason)) => unknown = unknown.or(Some(reason)),
            Some(Passage::Open(why)) => {
                leak = leak.or(Some(("view-bypasses-rls", why.clone())));
                open_view(engine, (view, &object), &route, target, &why);
            }
            Some(Passage::NoBarrier(why)) => {
                leak = leak.or(Some(("view-without-barrier", why.clone())));
                no_barrier(engine, view, &object, &why);
            }
        }
    }
    for operation in access.operations {
        match (&leak, &unknown, &closed) {
            (Some((check, why)), _, _) => {
                engine.cover_leak(&object, operation, why.clone(), (check, &object));
            }
            (None, Some(reason), _) => {
                engine.cover(&object, operation, Verdict::Unproven, reason.clone());
            }
            (None, None, Some(reason)) => {
                engine.cover(&object, operation, Verdict::Proved, reason.clone());
            }
            // It reads no tenant table.
            (None, None, None) => {}
        }
    }
}

/// `None` where the target holds no tenant's rows.
fn passage(engine: &Engine<'_>, route: &Route, target: &Relation) -> Option<Passage> {
    let snapshot = engine.snapshot();
    if target.kind == RelationKind::MaterializedView {
        return reads_tenants(engine, target)
            .then(|| Passage::Open(format!("{} stores what its owner saw", target.qualified())));
    }
    if !engine.tenancy.tables.contains_key(&target.oid) {
        return None;
    }
    let prover = engine.prover_for(route.as_role);
    let who = quote::ident(snapshot.role_name(route.as_role));
    let Some(unfiltered) = prover.unfiltered(target) else {
        if route.as_role == engine.powers.role {
            return Some(Passage::Closed(format!(
                "it reads {} as the caller, whom its policies bind",
                target.qualified()
            )));
        }
        return Some(match prover.judge(target, Need::Select) {
            Answer::Proved(_) | Answer::Denied => Passage::Closed(format!(
                "it reads {} as {who}, whom the policies there bind, with the session's context",
                target.qualified()
            )),
            Answer::Leaking(leak) => Passage::Open(leak.words()),
            Answer::Unproven(reason) => Passage::Unknown(reason),
        });
    };
    let reader = route
        .through
        .last()
        .and_then(|oid| snapshot.relations.get(oid))?;
    let own = reader
        .definition
        .as_deref()
        .map(|text| prover.judge_query(text, target));
    Some(match own {
        Some(Answer::Proved(_)) if barriers(engine, route) => Passage::Closed(
            "its own WHERE pins the tenant, and security_barrier keeps the caller's functions behind it".into(),
        ),
        Some(Answer::Proved(_)) => Passage::NoBarrier(unfiltered),
        Some(Answer::Leaking(_)) if !others_filter(engine, route) => Passage::Open(unfiltered),
        // Not followed, but nothing on the way can tell one session from another.
        Some(Answer::Unproven(_))
            if prover.is_unbound() && route.through.iter().all(|oid| same_for_all(engine, *oid)) =>
        {
            Passage::Open(unfiltered)
        }
        Some(Answer::Unproven(reason)) => Passage::Unknown(format!("{unfiltered}; {reason}")),
        _ => Passage::Unknown(format!("{unfiltered}; a view above it may filter")),
    })
}

/// Whether every view on the way is a security barrier.
fn barriers(engine: &Engine<'_>, route: &Route) -> bool {
    route
        .through
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .all(|view| view.security_barrier)
}

/// Whether a view's query shows every session the same: it reads no setting, asks for no user and
/// calls no function of this database's own.
fn same_for_all(engine: &Engine<'_>, view: Oid) -> bool {
    let snapshot = engine.snapshot();
    let Some(text) = snapshot
        .relations
        .get(&view)
        .and_then(|view| view.definition.as_deref())
    else {
        return false;
    };
    let text = text.to_lowercase();
    let session = [
        "current_setting",
        "current_user",
        "session_user",
        "current_role",
        "pg_backend_pid",
    ];
    !session.iter().any(|word| text.contains(word))
        && !snapshot
            .functions
            .values()
            .any(|function| text.contains(&format!("{}(", function.name.to_lowercase())))
}

/// Whether a view above the one that reads the table looks at any setting or calls any function
/// of its own: then it may do the filtering.
fn others_filter(engine: &Engine<'_>, route: &Route) -> bool {
    let above = route.through.len().saturating_sub(1);
    route.through[..above]
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid)?.definition.as_deref())
        .any(|text| text.contains("current_setting("))
}

fn open_view(
    engine: &mut Engine<'_>,
    (view, object): (&Relation, &str),
    route: &Route,
    target: &Relation,
    why: &str,
) {
    let known = |found: &Found| found.check == "view-bypasses-rls" && found.object == object;
    if engine.found.iter().any(known) {
        return;
    }
    let snapshot = engine.snapshot();
    let reader = route
        .through
        .last()
        .and_then(|oid| snapshot.relations.get(oid))
        .unwrap_or(view);
    let owner = quote::ident(snapshot.role_name(reader.owner));
    let mut path = vec![engine.app.clone(), format!("SELECT on {object}")];
    for oid in route.through.iter().skip(1) {
        if let Some(inner) = snapshot.relations.get(oid) {
            path.push(inner.qualified());
        }
    }
    path.push(format!("as its owner {owner}"));
    path.push(target.qualified());
    let key = engine
        .tenancy
        .key_column(target.oid)
        .map(|key| key.name.clone());
    let shown = key.filter(|key| view.column(key).is_some());
    let fix = Some(mend(engine, view, reader));
    engine.report(Found {
        check: "view-bypasses-rls",
        severity: Severity::Critical,
        object: object.to_owned(),
        message: format!(
            "view {object} reads {} as {owner}, and {why}: every organization's rows can be read",
            target.qualified()
        ),
        path,
        evidence: engine.evidence(object, shown.as_deref()),
        fix,
    });
}

/// What closes the view; before version 15 no view could read with the rights of its caller.
fn mend(engine: &Engine<'_>, view: &Relation, reader: &Relation) -> String {
    let (snapshot, reader) = (engine.snapshot(), reader.qualified());
    if snapshot.server.major() >= 15 {
        return format!("ALTER VIEW {reader} SET (security_invoker = true);");
    }
    let items = view.acl.as_deref().unwrap_or_default().iter();
    let holders: BTreeSet<String> = items
        .filter(|item| item.grantee == 0 || engine.powers.held.contains(&item.grantee))
        .map(|item| match item.grantee {
            0 => "PUBLIC".to_owned(),
            role => quote::ident(snapshot.role_name(role)),
        })
        .collect();
    if holders.is_empty() {
        return format!("ALTER VIEW {reader} OWNER TO <a role that the policies bind>;");
    }
    let holders: Vec<String> = holders.into_iter().collect();
    format!(
        "REVOKE ALL ON {} FROM {};  -- or give {reader} an owner that the policies bind",
        view.qualified(),
        holders.join(", ")
    )
}

fn no_barrier(engine: &mut Engine<'_>, view: &Relation, object: &str, why: &str) {
    if engine
        .found
        .iter()
        .any(|found| found.check == "view-without-barrier" && found.object == object)
    {
        return;
    }
    let app = engine.app.clone();
    engine.report(Found {
        check: "view-without-barrier",
        severity: Severity::Critical,
        object: object.to_owned(),
        message: format!(
            "view {object} is filtered by nothing but its own WHERE ({why}), and without security_barrier a cheap function of the caller's, a temporary one for instance, is evaluated before it and sees every row"
        ),
        path: vec![
            app,
            format!("SELECT on {object}"),
            "a function of its own in WHERE, evaluated first".into(),
        ],
        evidence: Some(format!(
            "CREATE FUNCTION pg_temp.peek(r anyelement) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$BEGIN RAISE NOTICE '%', r; RETURN true; END$$; SELECT count(*) FROM {object} v WHERE pg_temp.peek(v.{});",
            view.columns.first().map_or_else(|| "ctid".into(), |column| quote::ident(&column.name))
        )),
        fix: Some(format!("ALTER VIEW {object} SET (security_barrier = true);")),
    });
}

/// Whether a relation's query reads tenant tables, at any depth.
fn reads_tenants(engine: &Engine<'_>, relation: &Relation) -> bool {
    routes(engine.snapshot(), relation, relation.owner)
        .iter()
        .any(|route| engine.tenancy.tables.contains_key(&route.target))
}

fn materialized_view(engine: &mut Engine<'_>, view: &Relation) {
    if !reads_tenants(engine, view) || !engine.access(view).allows(Operation::Select) {
        return;
    }
    let object = view.qualified();
    let owner = quote::ident(engine.snapshot().role_name(view.owner));
    let app = engine.app.clone();
    engine.report(Found {
        check: "materialized-view-readable",
        severity: Severity::Critical,
        object: object.clone(),
        message: format!(
            "materialized view {object} stores what its owner {owner} saw of every organization, cannot have policies, and {app} may read it"
        ),
        path: vec![app.clone(), format!("SELECT on {object}"), format!("rows stored as {owner}")],
        evidence: engine.evidence(&object, None),
        fix: Some(format!("REVOKE SELECT ON {object} FROM {app}, PUBLIC;")),
    });
    engine.cover_leak(
        &object,
        Operation::Select,
        "a materialized view cannot have policies",
        ("materialized-view-readable", &object),
    );
}

fn foreign_table(engine: &mut Engine<'_>, table: &Relation) {
    let object = table.qualified();
    if engine.tenancy.shared.contains(&table.oid) {
        return;
    }
    let app = engine.app.clone();
    let keyed = engine
        .tenancy
        .by_name()
        .into_iter()
        .filter_map(|known| engine.tenancy.key_column(known.oid))
        .find_map(|key| table.column(&key.name))
        .filter(|column| column.name != "id");
    let (severity, why) = match keyed {
        Some(_) => (
            Severity::Critical,
            "carries the tenant key and cannot have policies",
        ),
        None => (
            Severity::Medium,
            "cannot have policies, and whose rows it shows is not in this catalog",
        ),
    };
    let evidence = engine.evidence(&object, keyed.map(|column| column.name.as_str()));
    engine.report(Found {
        check: "foreign-table-readable",
        severity,
        object: object.clone(),
        message: format!("foreign table {object} {why}; what the remote login sees, {app} sees"),
        path: vec![
            app.clone(),
            format!("SELECT on {object}"),
            "the remote server, as the user mapping's role".into(),
        ],
        evidence,
        fix: Some(format!("REVOKE ALL ON {object} FROM {app}, PUBLIC;")),
    });
    for operation in engine.access(table).operations {
        engine.cover_leak(&object, operation, why, ("foreign-table-readable", &object));
    }
}

/// Rules other than a view's own act with the rights of the relation's owner. `rules-privileges`.
fn rules(engine: &mut Engine<'_>, relation: &Relation) {
    for rule in relation.rules.iter().filter(|rule| rule.event != '1') {
        let prover = engine.prover_for(relation.owner);
        let operation = match rule.event {
            '2' => Operation::Update,
            '3' => Operation::Insert,
            _ => Operation::Delete,
        };
        if !engine.access(relation).allows(operation) {
            continue;
        }
        for oid in &rule.refers_to {
            let Some(target) = engine.snapshot().relations.get(oid) else {
                continue;
            };
            if !engine.tenancy.tables.contains_key(oid) {
                continue;
            }
            let Some(why) = prover.unfiltered(target) else {
                continue;
            };
            rule_open(engine, relation, (&rule.name, operation), target, &why);
        }
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
