//! What may be written through a view: new rows pass the policies of the role as which the view
//! writes, and the view's own conditions only WITH CHECK OPTION. `sql-createview`.

use super::engine::{Engine, Found};
use crate::catalog::{CheckOption, Column, Privilege, Relation};
use crate::finding::{Operation, Severity};
use crate::predicate::{Answer, Expr};
use crate::query::{Arm, Row};
use crate::routine::Walker;
use crate::session::quote;

/// The bits of `pg_relation_is_updatable`.
const UPDATABLE: [(i32, Operation); 2] = [(8, Operation::Insert), (4, Operation::Update)];

pub(super) fn audit(engine: &mut Engine<'_>, walker: &Walker<'_>, view: &Relation) {
    let access = engine.access(view);
    let frame = walker.frame(engine.powers.role);
    // What can be written through has one table below it.
    let Ok(arms) = walker.view(view, &frame) else {
        return;
    };
    let [arm] = arms.as_slice() else {
        return;
    };
    for (bit, operation) in UPDATABLE {
        // What a rule does instead is judged as the rule.
        let ruled = view.rules.iter().any(|rule| rule.event == event(operation));
        if view.updatable & bit == 0 || ruled || !access.allows(operation) {
            continue;
        }
        if let Some(row) = open(engine, (view, operation), arm) {
            report(engine, view, &row, operation);
            return;
        }
    }
    let both = 8 | 4;
    if view.updatable & both == both
        && access.allows(Operation::Insert)
        && access.allows(Operation::Update)
        && view.rules.iter().all(|rule| rule.event == '1')
        && let Some((row, index)) = upsert(engine, view, arm)
    {
        report_upsert(engine, view, &row, &index);
    }
}

/// A unique index over which INSERT … ON CONFLICT DO UPDATE through the view meets a row of another
/// organization: the view's conditions are not asked of the row that is there, and its check option
/// only of what becomes of it. `sql-insert`, ON CONFLICT.
fn upsert(engine: &Engine<'_>, view: &Relation, arm: &Arm) -> Option<(Row, String)> {
    let row = arm
        .rows
        .iter()
        .find(|row| engine.tenancy.tables.contains_key(&row.relation))?;
    let table = engine.snapshot().relations.get(&row.relation)?;
    let key = engine.tenant_column(table)?;
    let prover = engine.prover_for(row.as_role);
    if row.as_role == engine.powers.role || prover.unfiltered(table).is_none() {
        return None;
    }
    let shown = |number: i16| {
        let column = table.attribute(number);
        column.is_some_and(|column| chooses(engine, (view, Operation::Insert), (arm, row), column))
    };
    let chosen = shown(key.number);
    table
        .indexes
        .iter()
        .filter(|index| index.unique && index.usable && !index.exclusion)
        // A column that the view does not show has its default, which names the own organization.
        .find(|index| match index.columns.contains(&key.number) {
            true => chosen,
            false => index.columns.iter().all(|number| shown(*number)),
        })
        .map(|index| (row.clone(), index.name.clone()))
}

fn report_upsert(engine: &mut Engine<'_>, view: &Relation, row: &Row, index: &str) {
    let object = view.qualified();
    let snapshot = engine.snapshot();
    let table = snapshot
        .relations
        .get(&row.relation)
        .map_or_else(String::new, Relation::qualified);
    let owner = quote::ident(snapshot.role_name(row.as_role));
    let index = quote::ident(index);
    let why = format!(
        "INSERT … ON CONFLICT through it finds rows of {table} by {index} as {owner}, whom no policy binds: neither its WHERE nor its check option is asked of the row that is there"
    );
    let app = engine.app.clone();
    let name = quote::literal(&object);
    engine.report(Found {
        check: "view-upsert-takes-rows",
        severity: Severity::High,
        object: object.clone(),
        message: format!("an upsert through view {object} can take over a row of another organization: {why}"),
        path: vec![
            app.clone(),
            format!("INSERT and UPDATE on {object}"),
            format!("ON CONFLICT over {index}"),
            format!("as its owner {owner}"),
            table,
        ],
        evidence: Some(format!(
            "SELECT pg_get_viewdef({name}::regclass), pg_relation_is_updatable({name}::regclass, false);"
        )),
        fix: Some(format!("REVOKE UPDATE ON {object} FROM {app}, PUBLIC;")),
    });
    engine.cover_leak(
        &object,
        Operation::Insert,
        why,
        ("view-upsert-takes-rows", &object),
    );
}

/// Whether the application may give a column of the table a value through the view: the view shows
/// it, and the privilege reaches it.
fn chooses(
    engine: &Engine<'_>,
    (view, operation): (&Relation, Operation),
    (arm, row): (&Arm, &Row),
    column: &Column,
) -> bool {
    let what = match operation {
        Operation::Update => Privilege::Update,
        _ => Privilege::Insert,
    };
    let whole = engine.powers.may(engine.snapshot(), view, what);
    let granted = engine.powers.columns(view, what);
    arm.targets.iter().any(|(shown, value)| {
        (whole || granted.contains(&shown.as_str()))
            && matches!(value, Expr::Column { table: Some(alias), name }
                if *alias == row.alias && *name == column.name)
    })
}

/// `pg_rewrite.ev_type`.
fn event(operation: Operation) -> char {
    match operation {
        Operation::Select => '1',
        Operation::Update => '2',
        Operation::Insert => '3',
        Operation::Delete => '4',
    }
}

/// The row that may be written as another organization's, if there is one.
fn open(engine: &Engine<'_>, (view, operation): (&Relation, Operation), arm: &Arm) -> Option<Row> {
    let (at, row) = arm
        .rows
        .iter()
        .enumerate()
        .find(|(_, row)| engine.tenancy.tables.contains_key(&row.relation))?;
    let table = engine.snapshot().relations.get(&row.relation)?;
    let key = engine.tenant_column(table)?;
    let chosen = chooses(engine, (view, operation), (arm, row), key);
    let prover = engine.prover_for(row.as_role);
    if !chosen || row.as_role == engine.powers.role || prover.unfiltered(table).is_none() {
        return None;
    }
    if !checks_all(engine, view, row) {
        return Some(row.clone());
    }
    let provers = |role| engine.prover_for(role);
    match engine.prover.judge_row(arm, at, &provers) {
        Answer::Leaking(_) => Some(row.clone()),
        _ => None,
    }
}

/// Whether the conditions of every view on the way hold for what is written.
fn checks_all(engine: &Engine<'_>, view: &Relation, row: &Row) -> bool {
    if view.check_option == Some(CheckOption::Cascaded) {
        return true;
    }
    let mut views = row
        .through
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid));
    views.all(|view| view.check_option.is_some())
}

fn report(engine: &mut Engine<'_>, view: &Relation, row: &Row, operation: Operation) {
    let object = view.qualified();
    let snapshot = engine.snapshot();
    let table = snapshot
        .relations
        .get(&row.relation)
        .map_or_else(String::new, Relation::qualified);
    let owner = quote::ident(snapshot.role_name(row.as_role));
    let verb = operation.word().to_uppercase();
    let why = format!(
        "{verb} through it writes {table} as {owner}, whom no policy binds, and without WITH CHECK OPTION its own conditions are not asked of new rows"
    );
    let app = engine.app.clone();
    let columns = view
        .columns
        .first()
        .map(|column| quote::ident(&column.name));
    let evidence = engine.calls(&format!(
        "EXPLAIN (COSTS OFF) {};",
        match (operation, columns) {
            (Operation::Update, Some(column)) => format!("UPDATE {object} SET {column} = {column}"),
            _ => format!("INSERT INTO {object} DEFAULT VALUES"),
        }
    ));
    engine.report(Found {
        check: "view-without-check-option",
        severity: Severity::High,
        object: object.clone(),
        message: format!("{verb} on view {object} can write rows of another organization: {why}"),
        path: vec![
            app,
            format!("{verb} on {object}"),
            format!("as its owner {owner}"),
            table,
        ],
        evidence,
        fix: Some(format!(
            "ALTER VIEW {object} SET (check_option = cascaded);"
        )),
    });
    engine.cover_leak(
        &object,
        operation,
        why,
        ("view-without-check-option", &object),
    );
}
