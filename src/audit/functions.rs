//! SECURITY DEFINER functions: what they show, change and tell as their owner.

use std::collections::BTreeSet;

use super::engine::{Engine, Found, few};
use crate::catalog::{Function, Oid, Privilege, Relation, holds};
use crate::finding::{Operation, Severity, Verdict};
use crate::predicate::{Answer, Expr, Leak};
use crate::query::{Arm, Use};
use crate::routine::{Account, Walker};
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>) {
    if engine.tenancy.app.is_none() {
        return;
    }
    let walker = Walker::new(engine.tenancy);
    let mut functions: Vec<&Function> = engine
        .snapshot()
        .functions
        .values()
        .filter(|function| !function.of_extension)
        .filter(|function| function.security_definer || sets_context(engine, function))
        .collect();
    functions.sort_by_key(|function| function.signature());
    for function in functions {
        if callable(engine, function) {
            let account = walker.called(function, engine.powers.role);
            let entry = vec![
                engine.app.clone(),
                format!("EXECUTE on {}", function.signature()),
            ];
            judge(engine, function, &account, entry);
        }
    }
    triggers(engine, &walker);
}

/// Whether it is declared with SET of the context: it then works for that organization, whoever calls.
fn sets_context(engine: &Engine<'_>, function: &Function) -> bool {
    let context = &engine.tenancy.settings.tenancy.context;
    function.config.iter().any(|setting| {
        setting
            .split_once('=')
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case(context) && !value.is_empty())
    })
}

/// Trigger functions that run as their owner when the application changes a row.
fn triggers(engine: &mut Engine<'_>, walker: &Walker<'_>) {
    let mut tables: Vec<&Relation> = engine.snapshot().relations.values().collect();
    tables.sort_by_key(|table| (table.schema_name.clone(), table.name.clone()));
    let mut seen = BTreeSet::new();
    for table in tables {
        let access = engine.access(table);
        for trigger in &table.triggers {
            let fires = [
                (4, Operation::Insert),
                (8, Operation::Delete),
                (16, Operation::Update),
            ]
            .into_iter()
            .find(|(bit, operation)| trigger.flags & bit != 0 && access.allows(*operation));
            let function = engine.snapshot().functions.get(&trigger.function);
            let (Some((_, operation)), Some(function)) = (fires, function) else {
                continue;
            };
            let runs = trigger.enabled != 'D' && function.security_definer;
            if !runs || function.of_extension || !seen.insert((function.oid, table.oid)) {
                continue;
            }
            let account = walker.fired(function, (table, trigger), engine.powers.role);
            let entry = vec![
                engine.app.clone(),
                format!(
                    "{} on {}",
                    operation.word().to_uppercase(),
                    table.qualified()
                ),
                format!(
                    "trigger {} calls {}",
                    quote::ident(&trigger.name),
                    function.signature()
                ),
            ];
            judge(engine, function, &account, entry);
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
    if matches!(returns, Some("trigger" | "event_trigger")) {
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

/// One way from a function to another organization's rows.
struct Hole {
    operation: Operation,
    table: Oid,
    leak: Leak,
    /// Only whether something is there.
    existence: bool,
    /// The unguessable column by which the row is found.
    secret: Option<String>,
}

/// What the whole account comes to.
#[derive(Default)]
struct Verdicts {
    holes: Vec<Hole>,
    unproven: Vec<(String, Oid)>,
    proved: Vec<Oid>,
}

fn judge(engine: &mut Engine<'_>, function: &Function, account: &Account, entry: Vec<String>) {
    let boolean = is_boolean(engine, function);
    let mut verdicts = Verdicts::default();
    for shown in &account.shown {
        let mut shown = shown.clone();
        // Only TRUE tells that the row is there.
        if boolean
            && shown.arm.inner.is_empty()
            && let Some((_, value)) = shown.arm.targets.first().cloned()
        {
            shown.arm.conditions.push(value);
        }
        for (arm, rows) in parts(&shown) {
            for at in rows {
                weigh(engine, &arm, at, Operation::Select, boolean, &mut verdicts);
            }
        }
    }
    if boolean {
        for arm in account.told.iter().flat_map(with_inner) {
            for at in 0..arm.rows.len() {
                weigh(engine, &arm, at, Operation::Select, true, &mut verdicts);
            }
        }
    }
    for Use {
        operation,
        arm,
        rows,
    } in &account.changes
    {
        for at in rows {
            weigh(engine, arm, *at, *operation, false, &mut verdicts);
        }
    }
    for oid in &account.emptied {
        if engine.tenancy.tables.contains_key(oid) {
            emptied(engine, function, *oid, &entry);
        }
    }
    if verdicts.holes.is_empty() {
        shared_state(engine, function, account, &entry);
    }
    conclude(engine, function, account, verdicts, entry);
}

/// A function that changes a row and shows it, of a table that is no tenant's and not the caller's to
/// use: what one organization does there, another sees.
fn shared_state(engine: &mut Engine<'_>, function: &Function, account: &Account, entry: &[String]) {
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

/// What is shown, and the sub-selects of its results beside it, with the rows that are meant.
fn parts(shown: &Use) -> Vec<(Arm, Vec<usize>)> {
    let mut all = vec![(shown.arm.clone(), shown.rows.clone())];
    for inner in &shown.arm.inner {
        for arm in with_inner(inner) {
            let rows = (0..arm.rows.len()).collect();
            all.push((arm.beside(&shown.arm), rows));
        }
    }
    all
}

/// An arm, and its results' sub-selects beside it.
pub(super) fn with_inner(arm: &Arm) -> Vec<Arm> {
    let mut all = vec![Arm {
        inner: Vec::new(),
        ..arm.clone()
    }];
    for inner in &arm.inner {
        let joined = arm.beside(inner);
        all.extend(with_inner(&Arm {
            inner: inner.inner.clone(),
            ..joined
        }));
    }
    all
}

/// Judges one row of an arm, if it is one of a tenant table and not simply the caller's own to see.
fn weigh(
    engine: &Engine<'_>,
    arm: &Arm,
    at: usize,
    operation: Operation,
    existence: bool,
    verdicts: &mut Verdicts,
) {
    let Some(row) = arm.rows.get(at) else {
        return;
    };
    let tenant = engine.tenancy.tables.contains_key(&row.relation);
    if !tenant || (row.as_role == engine.powers.role && !row.switched) {
        return;
    }
    let prover = engine.prover_for(row.as_role);
    match prover.judge_row(arm, at, &|role| engine.prover_for(role)) {
        Answer::Proved(_) | Answer::Denied => verdicts.proved.push(row.relation),
        Answer::Unproven(reason) => verdicts.unproven.push((reason, row.relation)),
        // That a row of one's own is there, by a name of one's own, is no news.
        Answer::Leaking(leak) if existence && leak.by_setting && !by_argument(&leak) => {
            verdicts.proved.push(row.relation);
        }
        Answer::Leaking(leak) => verdicts.holes.push(Hole {
            operation,
            table: row.relation,
            leak,
            existence,
            secret: secret(engine, arm),
        }),
    }
}

fn by_argument(leak: &Leak) -> bool {
    leak.conditions
        .iter()
        .any(|condition| condition.contains("argument "))
}

/// A column that finds the row by what only those know whom its organization told: unique, named
/// as a secret is, and compared with what the caller passes.
fn secret(engine: &Engine<'_>, arm: &Arm) -> Option<String> {
    const WORDS: [&str; 9] = [
        "token",
        "secret",
        "hash",
        "digest",
        "nonce",
        "signature",
        "api_key",
        "apikey",
        "password",
    ];
    arm.conditions.iter().find_map(|condition| {
        let Expr::Binary(op, left, right) = condition else {
            return None;
        };
        let (Expr::Column { table, name }, given) = (match (left.as_ref(), right.as_ref()) {
            (column @ Expr::Column { .. }, given) | (given, column @ Expr::Column { .. }) => {
                (column, given)
            }
            _ => return None,
        }) else {
            return None;
        };
        let row = arm
            .rows
            .iter()
            .find(|row| Some(&row.alias) == table.as_ref())?;
        let relation = engine.snapshot().relations.get(&row.relation)?;
        let column = relation.column(name)?;
        let mut chosen = false;
        given.walk(&mut |part| {
            chosen |= matches!(part, Expr::Argument(_));
            true
        });
        let unique = relation
            .indexes
            .iter()
            .any(|index| index.unique && index.columns == [column.number]);
        let lower = name.to_lowercase();
        (op == "=" && chosen && unique && WORDS.iter().any(|word| lower.contains(word)))
            .then(|| format!("{}.{}", relation.qualified(), quote::ident(name)))
    })
}

fn is_boolean(engine: &Engine<'_>, function: &Function) -> bool {
    let returns = engine.snapshot().types.get(&function.returns);
    returns.is_some_and(|ty| ty.name == "boolean") && !function.returns_set
}

fn conclude(
    engine: &mut Engine<'_>,
    function: &Function,
    account: &Account,
    verdicts: Verdicts,
    entry: Vec<String>,
) {
    let signature = function.signature();
    let open: Vec<&Hole> = verdicts
        .holes
        .iter()
        .filter(|hole| hole.secret.is_none())
        .collect();
    if !open.is_empty() {
        report(engine, function, &open, &entry);
        return;
    }
    if account.left_switched {
        left_switched(engine, function, &entry);
        return;
    }
    if let Some(reason) = account.unknown.first() {
        let touched = touchable(engine, function);
        if !touched.is_empty() {
            engine.cover(
                &signature,
                Operation::Select,
                Verdict::Unproven,
                format!(
                    "it runs as {} and may read {}; {reason}: run the probe",
                    quote::ident(engine.snapshot().role_name(function.owner)),
                    few(&touched)
                ),
            );
            return;
        }
    }
    if let Some((reason, _)) = verdicts.unproven.first() {
        let reason = format!(
            "it runs as {}; {reason}",
            quote::ident(engine.snapshot().role_name(function.owner))
        );
        engine.cover(&signature, Operation::Select, Verdict::Unproven, reason);
        return;
    }
    if let Some(hole) = verdicts.holes.first() {
        by_secret(engine, function, hole, &entry);
    } else if !verdicts.proved.is_empty() {
        engine.cover(
            &signature,
            Operation::Select,
            Verdict::Proved,
            "what it shows and changes is pinned to the context",
        );
    }
}

/// Tenant tables that its body names and its owner may read past the policies.
fn touchable(engine: &Engine<'_>, function: &Function) -> Vec<String> {
    let prover = engine.prover_for(function.owner);
    let words: BTreeSet<String> = function
        .body
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
        .map(str::to_lowercase)
        .collect();
    let builds = crate::routine::executes(&function.body);
    engine
        .tenancy
        .by_name()
        .into_iter()
        .map(|table| engine.tenancy.relation(table))
        .filter(|relation| builds || words.contains(&relation.name.to_lowercase()))
        .filter(|relation| prover.unfiltered(relation).is_some())
        .map(Relation::qualified)
        .collect()
}

fn report(engine: &mut Engine<'_>, function: &Function, holes: &[&Hole], entry: &[String]) {
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

fn worst<'h>(holes: &[&'h Hole]) -> &'h Hole {
    let mut worst = holes[0];
    for hole in holes {
        if severity(hole) > severity(worst) {
            worst = hole;
        }
    }
    worst
}

fn severity(hole: &Hole) -> Severity {
    match (hole.existence, hole.leak.by_row) {
        // One bit at a time: whether something exists.
        (true, _) => Severity::Medium,
        (false, true) if !by_argument(&hole.leak) => Severity::High,
        (false, _) => Severity::Critical,
    }
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

/// The function itself, where calling it shows nothing.
fn source(signature: &str) -> Option<String> {
    let name = quote::literal(signature);
    Some(format!("SELECT pg_get_functiondef({name}::regprocedure);"))
}

fn emptied(engine: &mut Engine<'_>, function: &Function, table: Oid, entry: &[String]) {
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

fn left_switched(engine: &mut Engine<'_>, function: &Function, entry: &[String]) {
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
fn by_secret(engine: &mut Engine<'_>, function: &Function, hole: &Hole, entry: &[String]) {
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
