//! What is said of relations that show rows past their tables' policies.

use std::collections::BTreeSet;

use super::engine::{Engine, Found};
use crate::catalog::{Column, Relation};
use crate::finding::{Operation, Severity};
use crate::paths::routes;
use crate::query::Row;
use crate::session::quote;

pub(super) fn open_view(
    engine: &mut Engine<'_>,
    (view, object): (&Relation, &str),
    row: &Row,
    why: &str,
) {
    let Some(target) = engine.snapshot().relations.get(&row.relation) else {
        return;
    };
    let snapshot = engine.snapshot();
    let reader = row
        .through
        .last()
        .and_then(|oid| snapshot.relations.get(oid))
        .unwrap_or(view);
    let owner = quote::ident(snapshot.role_name(reader.owner));
    let mut path = vec![engine.app.clone(), format!("SELECT on {object}")];
    for oid in row.through.iter().skip(1) {
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

pub(super) fn no_barrier(engine: &mut Engine<'_>, view: &Relation, object: &str, why: &str) {
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
    routes(engine.snapshot(), relation, relation.owner, |_| 0)
        .iter()
        .any(|route| engine.tenancy.tables.contains_key(&route.target))
}

pub(super) fn materialized_view(engine: &mut Engine<'_>, view: &Relation) {
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

/// The column of a foreign table that is called as a tenant key is.
fn key_of<'r>(engine: &Engine<'_>, table: &'r Relation) -> Option<&'r Column> {
    engine
        .tenancy
        .by_name()
        .into_iter()
        .filter_map(|known| engine.tenancy.key_column(known.oid))
        .find_map(|key| table.column(&key.name))
        .filter(|column| column.name != "id")
}

/// Whether a foreign table says of each row whose it is.
pub(super) fn carries_key(engine: &Engine<'_>, table: &Relation) -> bool {
    key_of(engine, table).is_some()
}

pub(super) fn foreign_table(engine: &mut Engine<'_>, table: &Relation) {
    let object = table.qualified();
    if engine.tenancy.shared.contains(&table.oid) {
        return;
    }
    let app = engine.app.clone();
    let keyed = key_of(engine, table);
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
