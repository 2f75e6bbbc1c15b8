//! What may be written through a view: new rows pass the policies of the role as which the view
//! writes, and the view's own conditions only WITH CHECK OPTION. `sql-createview`.

use super::engine::{Engine, Found};
use crate::catalog::{CheckOption, Relation};
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
        if let Some(row) = open(engine, view, arm) {
            report(engine, view, &row, operation);
            return;
        }
    }
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
fn open(engine: &Engine<'_>, view: &Relation, arm: &Arm) -> Option<Row> {
    let (at, row) = arm
        .rows
        .iter()
        .enumerate()
        .find(|(_, row)| engine.tenancy.tables.contains_key(&row.relation))?;
    let table = engine.snapshot().relations.get(&row.relation)?;
    let key = engine.tenant_column(table)?;
    // Where the view does not show the column, nobody chooses it.
    let chosen = arm.targets.iter().any(|(_, value)| {
        matches!(value, Expr::Column { table: Some(alias), name }
            if *alias == row.alias && *name == key.name)
    });
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
