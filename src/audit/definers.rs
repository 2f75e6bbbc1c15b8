//! What is said of functions that reach other organizations' rows.

use super::engine::{Engine, Found, few};
use super::functions::sets_context;
use super::holes::{Hole, severity, worst};
use crate::catalog::{Function, Oid, Relation};
use crate::finding::{Operation, Severity, Verdict};
use crate::predicate::Expr;
use crate::query::Arm;
use crate::routine::Account;
use crate::session::quote;

pub(super) fn report(
    engine: &mut Engine<'_>,
    function: &Function,
    holes: &[&Hole],
    entry: &[String],
) {
    let signature = function.signature();
    let snapshot = engine.snapshot();
    let (app, hole) = (engine.app.clone(), worst(holes));
    let as_whom = match function.security_definer {
        true => quote::ident(snapshot.role_name(function.owner)),
        false => app.clone(),
    };
    let mut tables: Vec<String> = Vec::new();
    for hole in holes {
        let name = snapshot.relations.get(&hole.table).map(Relation::qualified);
        if let Some(name) = name.filter(|name| !tables.contains(name)) {
            tables.push(name);
        }
    }
    let verb = match hole.operation {
        _ if hole.existence => "tells about",
        Operation::Select => "shows",
        Operation::Insert => "writes",
        Operation::Update => "changes",
        Operation::Delete => "deletes",
    };
    let mut path = entry.to_vec();
    if function.security_definer {
        path.push(format!("as its owner {as_whom}"));
    }
    path.push(tables.first().cloned().unwrap_or_default());
    engine.report(Found {
        check: "definer-bypasses-rls",
        severity: severity(hole),
        object: signature.clone(),
        message: format!(
            "{signature} {} and {verb} rows of {} as {as_whom}, whoever's they are: {}",
            nature(engine, function),
            few(&tables),
            hole.leak.words()
        ),
        path,
        evidence: evidence(engine, function),
        fix: Some(format!(
            "REVOKE EXECUTE ON {} {signature} FROM PUBLIC, {app};  -- or filter by the context inside",
            if function.kind == 'p' { "PROCEDURE" } else { "FUNCTION" }
        )),
    });
    let operation = hole.operation;
    let words = hole.leak.words();
    engine.cover_leak(
        &signature,
        operation,
        words,
        ("definer-bypasses-rls", &signature),
    );
}

/// What makes a function reach rows that its caller does not.
fn nature(engine: &Engine<'_>, function: &Function) -> String {
    let context = &engine.tenancy.settings.tenancy.context;
    match (function.security_definer, sets_context(engine, function)) {
        (true, false) => "is SECURITY DEFINER".into(),
        (true, true) => format!("is SECURITY DEFINER, sets {context} itself"),
        (false, _) => format!("is declared with SET {context}"),
    }
}

/// A function that changes a row and shows it, of a table that is no tenant's and not the caller's to
/// use: what one organization does there, another sees.
pub(super) fn shared_state(
    engine: &mut Engine<'_>,
    function: &Function,
    account: &Account,
    entry: &[String],
) {
    let snapshot = engine.snapshot();
    let state = account.changes.iter().find_map(|change| {
        let row = change.arm.rows.get(*change.rows.first()?)?;
        let relation = snapshot.relations.get(&row.relation)?;
        let shown = account
            .shown
            .iter()
            .any(|shown| shown.arm.rows.contains(row));
        let nobodys = change.operation == Operation::Update
            && !engine.tenancy.tables.contains_key(&row.relation)
            && !depends_on_caller(&change.arm);
        (shown && nobodys).then_some(relation)
    });
    let Some(relation) = state else {
        return;
    };
    let signature = function.signature();
    let table = relation.qualified();
    let mut path = entry.to_vec();
    path.push(format!("a row of {table} that every organization changes"));
    engine.report(Found {
        check: "definer-shares-state",
        severity: Severity::Medium,
        object: signature.clone(),
        message: format!(
            "{signature} changes a row of {table} and shows it, the same one for every organization: two calls tell what the others did in between"
        ),
        path,
        evidence: evidence(engine, function),
        fix: Some(format!("keep one row for each organization in {table}, found by the context")),
    });
}

/// Whether the rows that are meant depend on the context or on what the caller passes.
fn depends_on_caller(arm: &Arm) -> bool {
    let mut depends = false;
    for condition in &arm.conditions {
        condition.walk(&mut |part| {
            depends |= matches!(part, Expr::Argument(_) | Expr::Call(..) | Expr::Opaque(_));
            true
        });
    }
    depends
}

pub(super) fn emptied(engine: &mut Engine<'_>, function: &Function, table: Oid, entry: &[String]) {
    let signature = function.signature();
    let Some(name) = engine
        .snapshot()
        .relations
        .get(&table)
        .map(Relation::qualified)
    else {
        return;
    };
    let app = engine.app.clone();
    let mut path = entry.to_vec();
    path.push(format!("TRUNCATE {name}"));
    engine.report(Found {
        check: "definer-bypasses-rls",
        severity: Severity::Critical,
        object: signature.clone(),
        message: format!("{signature} empties {name} of every organization's rows"),
        path,
        evidence: source(&signature),
        fix: Some(format!(
            "REVOKE EXECUTE ON FUNCTION {signature} FROM PUBLIC, {app};"
        )),
    });
    let why = format!("it empties {name}");
    engine.cover_leak(
        &signature,
        Operation::Delete,
        why,
        ("definer-bypasses-rls", &signature),
    );
}

pub(super) fn left_switched(engine: &mut Engine<'_>, function: &Function, entry: &[String]) {
    let signature = function.signature();
    let context = engine.tenancy.settings.tenancy.context.clone();
    let mut path = entry.to_vec();
    path.push(format!("{context} is another organization's from here on"));
    let why = format!("after a call the session works with {context} of another organization");
    engine.report(Found {
        check: "context-left-switched",
        severity: Severity::High,
        object: signature.clone(),
        message: format!(
            "{signature} sets {context} to the organization of a row that it looked up, works under it, and does not set it back: the rest of the caller's transaction is that organization's"
        ),
        path,
        evidence: evidence(engine, function),
        fix: Some(format!(
            "set {context} back before it returns, or declare it with SET {} = '' so that the value ends with the call",
            context
        )),
    });
    engine.cover_leak(
        &signature,
        Operation::Select,
        why,
        ("context-left-switched", &signature),
    );
}

/// A row that is found by a secret: as safe as the secret.
pub(super) fn by_secret(
    engine: &mut Engine<'_>,
    function: &Function,
    hole: &Hole,
    entry: &[String],
) {
    let signature = function.signature();
    let secret = hole.secret.clone().unwrap_or_default();
    let mut path = entry.to_vec();
    path.push(format!("a row found by {secret}"));
    engine.report(Found {
        check: "definer-reads-by-secret",
        severity: Severity::Low,
        object: signature.clone(),
        message: format!(
            "{signature} is SECURITY DEFINER and finds rows by {secret}: whoever learns another organization's value gets its rows"
        ),
        path,
        evidence: evidence(engine, function),
        fix: Some(format!("make sure that {secret} cannot be guessed or read, and expires")),
    });
    engine.cover(
        &signature,
        Operation::Select,
        Verdict::Proved,
        format!("as far as nobody learns another organization's {secret}"),
    );
}

/// A call to paste, with made-up values for what it takes.
fn evidence(engine: &Engine<'_>, function: &Function) -> Option<String> {
    let returns = engine.snapshot().types.get(&function.returns);
    if returns.is_some_and(|ty| ty.name == "trigger") {
        return source(&function.signature());
    }
    let arguments: Vec<String> = function
        .argument_types
        .split(", ")
        .filter(|ty| !ty.is_empty())
        .map(sample)
        .collect();
    let name = quote::qualified(&function.schema_name, &function.name);
    let call = match function.kind {
        'p' => format!("CALL {name}({});", arguments.join(", ")),
        _ => format!("SELECT * FROM {name}({});", arguments.join(", ")),
    };
    engine.calls(&call)
}

/// Something to pass for a type.
fn sample(ty: &str) -> String {
    match ty {
        "uuid" => "gen_random_uuid()".into(),
        "text" | "character varying" | "name" => format!("'x'::{ty}"),
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => {
            format!("1::{ty}")
        }
        "boolean" => "true".into(),
        "date" => "current_date".into(),
        "timestamp with time zone" => "now()".into(),
        "json" | "jsonb" => format!("'{{}}'::{ty}"),
        _ => format!("NULL::{ty}"),
    }
}

/// The function itself, where calling it shows nothing.
fn source(signature: &str) -> Option<String> {
    let name = quote::literal(signature);
    Some(format!("SELECT pg_get_functiondef({name}::regprocedure);"))
}
