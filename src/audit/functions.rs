//! SECURITY DEFINER functions: what they show, change and tell as their owner.

use std::collections::{BTreeMap, BTreeSet};

use super::definers;
use super::engine::{Engine, few};
use super::holes::{Hole, Verdicts, parts, with_inner};
use crate::catalog::{Function, Oid, Privilege, Relation, Snapshot, holds, unprinted};
use crate::finding::{By, Coverage, Operation, Severity, Verdict};
use crate::query::{Stored, Use};
use crate::routine::{Account, NAMED_BY_ARGUMENTS, Walker};
use crate::session::quote;
use crate::tenancy::Tenancy;

pub(super) fn audit(engine: &mut Engine<'_>) {
    if engine.tenancy.app.is_none() {
        return;
    }
    let walker = Walker::new(engine.tenancy);
    for function in switching(engine) {
        let account = walker.called(function, engine.powers.role);
        let entry = vec![
            engine.app.clone(),
            format!("EXECUTE on {}", function.signature()),
        ];
        judge(engine, function, &account, entry);
    }
    super::triggers::audit(engine, &walker);
}

/// What reading its body says of a function that the application may call.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Verdicts as an audit has them; none where it reaches no tenant's rows as somebody else.
    pub coverage: Vec<Coverage>,
    /// Tenant tables that it reads, changes or may name.
    pub touches: BTreeSet<Oid>,
}

/// Reads every function that works as somebody else for the application, by oid.
pub fn readings(tenancy: &Tenancy<'_>) -> BTreeMap<Oid, Reading> {
    let mut read = BTreeMap::new();
    if tenancy.app.is_none() {
        return read;
    }
    let mut engine = Engine::new(tenancy);
    let walker = Walker::new(tenancy);
    for function in switching(&engine) {
        let account = walker.called(function, engine.powers.role);
        let (words, any) = reach(engine.snapshot(), function);
        let named = tenancy
            .tables
            .values()
            .filter(|table| any || words.contains(&tenancy.relation(table).name.to_lowercase()));
        let touches = named.map(|table| table.oid).collect();
        judge(&mut engine, function, &account, Vec::new());
        let mut coverage = std::mem::take(&mut engine.coverage);
        for found in std::mem::take(&mut engine.found) {
            let covered = coverage.iter().any(|row| row.verdict == Verdict::Leaking);
            if found.severity >= Severity::Medium && !covered {
                coverage.push(Coverage {
                    object: found.object,
                    operation: Operation::Select,
                    verdict: Verdict::Leaking,
                    by: By::Audit,
                    reason: found.message,
                    cause: None,
                });
            }
        }
        read.insert(function.oid, Reading { coverage, touches });
    }
    read
}

/// Functions that work as their owner, or for an organization of their own choice, when the
/// application calls them.
fn switching<'a>(engine: &Engine<'a>) -> Vec<&'a Function> {
    let inside = through_aggregates(engine);
    let mut functions: Vec<&Function> = engine
        .snapshot()
        .functions
        .values()
        .filter(|function| !function.of_extension)
        .filter(|function| function.security_definer || sets_context(engine, function))
        .filter(|function| callable(engine, function) || inside.contains(&function.oid))
        .collect();
    functions.sort_by_key(|function| function.signature());
    functions
}

/// Whether it is declared with SET of the context: it then works for that organization, whoever calls.
pub(super) fn sets_context(engine: &Engine<'_>, function: &Function) -> bool {
    let context = &engine.tenancy.settings.tenancy.context;
    function.config.iter().any(|setting| {
        setting
            .split_once('=')
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case(context) && !value.is_empty())
    })
}

/// Whether the application can call it directly. A trigger function cannot be called.
pub(super) fn callable(engine: &Engine<'_>, function: &Function) -> bool {
    let snapshot = engine.snapshot();
    let returns = snapshot
        .types
        .get(&function.returns)
        .map(|ty| ty.name.as_str());
    if matches!(returns, Some("trigger" | "event_trigger")) {
        return false;
    }
    // A default or a domain calls by identity: the schema's USAGE is not asked for.
    executable(engine, function)
        && (function.used_by_catalog || engine.powers.may_use_schema(snapshot, function.schema))
}

/// Whether EXECUTE on it is granted; something that names it needs no more.
pub(super) fn executable(engine: &Engine<'_>, function: &Function) -> bool {
    engine.powers.held.contains(&function.owner)
        || match &function.acl {
            // EXECUTE is granted to PUBLIC by default.
            None => true,
            Some(acl) => holds(Some(acl), &engine.powers.held, Privilege::Execute),
        }
}

/// Functions that a callable aggregate calls: nobody asks for EXECUTE on them. `sql-createaggregate`.
fn through_aggregates(engine: &Engine<'_>) -> BTreeSet<Oid> {
    let functions = engine.snapshot().functions.values();
    functions
        .filter(|function| !function.aggregates.is_empty() && callable(engine, function))
        .flat_map(|function| function.aggregates.iter().copied())
        .collect()
}

pub(super) fn judge(
    engine: &mut Engine<'_>,
    function: &Function,
    account: &Account,
    entry: Vec<String>,
) {
    let boolean = is_boolean(engine, function);
    let mut verdicts = Verdicts::default();
    for shown in &account.shown {
        let mut shown = shown.as_ref().clone();
        // Only TRUE tells that the row is there.
        if boolean
            && shown.arm.inner.is_empty()
            && let Some((_, value)) = shown.arm.targets.first().cloned()
        {
            shown.arm.conditions.push(value);
        }
        for (arm, rows) in parts(&shown) {
            for at in rows {
                verdicts.weigh(engine, (&arm, at), Operation::Select, boolean);
            }
        }
    }
    if boolean {
        for arm in account.told.iter().flat_map(with_inner) {
            for at in 0..arm.rows.len() {
                verdicts.weigh(engine, (&arm, at), Operation::Select, true);
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
            verdicts.weigh(engine, (arm, *at), *operation, false);
        }
    }
    for stored in &account.stored {
        copied(engine, stored, &mut verdicts);
    }
    for oid in &account.emptied {
        if engine.tenancy.tables.contains_key(oid) {
            definers::emptied(engine, function, *oid, &entry);
        }
    }
    if verdicts.holes.is_empty() {
        definers::shared_state(engine, function, account, &entry);
    }
    conclude(engine, function, account, verdicts, entry);
}

/// Rows that are copied to where the application reads them.
fn copied(engine: &Engine<'_>, stored: &Stored, verdicts: &mut Verdicts) {
    let relation = stored
        .relation
        .and_then(|oid| engine.snapshot().relations.get(&oid));
    if !relation.is_some_and(|table| engine.access(table).allows(Operation::Select)) {
        return;
    }
    let mut arm = stored.arm.clone();
    // It is the application that reads them there, under the policies that bind it.
    if let Some(row) = stored.target.and_then(|at| arm.rows.get_mut(at)) {
        row.as_role = engine.powers.role;
        row.switched = false;
    }
    let shown = Use {
        operation: Operation::Select,
        rows: stored.rows.clone(),
        arm,
    };
    for (arm, rows) in parts(&shown) {
        for at in rows {
            verdicts.weigh(engine, (&arm, at), Operation::Select, false);
        }
    }
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
        definers::report(engine, function, &open, &entry);
        return;
    }
    if account.left_switched {
        definers::left_switched(engine, function, &entry);
        return;
    }
    if let Some(reason) = account.unknown.first() {
        let mut touched = touchable(engine, function);
        if touched.is_empty() && reason.ends_with(NAMED_BY_ARGUMENTS) {
            touched.push("whatever they name".into());
        }
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
        definers::by_secret(engine, function, hole, &entry);
    } else if !verdicts.proved.is_empty() {
        engine.cover(
            &signature,
            Operation::Select,
            Verdict::Proved,
            "what it shows and changes is pinned to the context",
        );
    }
}

/// Tenant tables that its body may reach, through views and functions too, and that its owner may
/// read past the policies.
fn touchable(engine: &Engine<'_>, function: &Function) -> Vec<String> {
    let prover = engine.prover_for(function.owner);
    let (words, any) = reach(engine.snapshot(), function);
    engine
        .tenancy
        .by_name()
        .into_iter()
        .map(|table| engine.tenancy.relation(table))
        .filter(|relation| any || words.contains(&relation.name.to_lowercase()))
        .filter(|relation| prover.unfiltered(relation).is_some())
        .map(Relation::qualified)
        .collect()
}

/// The words of a body and of every view and function that it names, in lower case, and whether some
/// of it may name any table.
pub fn reach(snapshot: &Snapshot, function: &Function) -> (BTreeSet<String>, bool) {
    let mut words = BTreeSet::new();
    let mut any = names_any(function);
    let mut waiting: Vec<&str> = vec![&function.body];
    while let Some(text) = waiting.pop() {
        let split = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')));
        for word in split.map(str::to_lowercase).filter(|word| !word.is_empty()) {
            if words.contains(&word) {
                continue;
            }
            let views = snapshot.relations.values();
            let views = views.filter(|relation| relation.name.to_lowercase() == word);
            waiting.extend(views.filter_map(|view| view.definition.as_deref()));
            let functions = snapshot.functions.values();
            for called in functions.filter(|called| called.name.to_lowercase() == word) {
                any |= names_any(called);
                waiting.push(&called.body);
            }
            words.insert(word);
        }
    }
    (words, any)
}

/// Whether a body may put the names of tables together.
fn names_any(function: &Function) -> bool {
    let read = matches!(function.language.as_str(), "sql" | "plpgsql" | "internal")
        && unprinted(Some(&function.body)).is_none();
    !function.of_extension && (!read || crate::routine::executes(&function.body))
}
