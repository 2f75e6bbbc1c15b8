//! Changing and removing the other organization's rows, and moving one's own to it.
//!
//! A statement with a WHERE reads columns, and then the SELECT policies limit it too. A blind one
//! (`DELETE FROM t`) reads none and meets the UPDATE or DELETE policies alone; it is tried with the
//! context at no organization, where it must touch nothing, and on small tables as A.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{BLIND_LIMIT, Case, Leak};
use super::super::reply::{Answer, Reply};
use super::super::rows::{insert, made_up};
use super::super::specimen::key_columns;
use crate::catalog::Column;
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;
use crate::tenancy::Reach;

const UPDATE: Operation = Operation::Update;
const DELETE: Operation = Operation::Delete;

pub(super) async fn update(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if !case.rights.updates_any() {
        if let Some(why) = case.nobody_may(UPDATE) {
            case.held_because(UPDATE, why);
        }
        return Ok(());
    }
    if !case.may_write(UPDATE) {
        return Ok(());
    }
    let by_key = changeable(case, false).map(|column| {
        let name = quote::ident(&column.name);
        format!("update {} set {name} = {name}", case.name)
    });
    let blind = changeable(case, true).and_then(|column| {
        let made = made_up(case.world.tenancy.snapshot, column)?;
        Some(format!(
            "update {} set {} = {}",
            case.name,
            quote::ident(&column.name),
            quote::literal(&made)
        ))
    });
    let mut told = aimed(case, arena, (UPDATE, by_key.as_deref())).await?;
    told |= blindly(case, arena, (UPDATE, blind.as_deref())).await?;
    told |= rekey(case, arena).await?;
    told |= upsert(case, arena).await?;
    conclude(case, (UPDATE, told));
    Ok(())
}

pub(super) async fn delete(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    truncate(case);
    if !case.rights.deletes() {
        if let Some(why) = case.nobody_may(DELETE) {
            case.held_because(DELETE, why);
        }
        return Ok(());
    }
    if !case.may_write(DELETE) {
        return Ok(());
    }
    let sql = format!("delete from {}", case.name);
    let mut told = aimed(case, arena, (DELETE, Some(&sql))).await?;
    told |= blindly(case, arena, (DELETE, Some(&sql))).await?;
    conclude(case, (DELETE, told));
    Ok(())
}

/// Judged from the privilege alone: executing it would lock the table against everybody.
fn truncate(case: &mut Case<'_, '_>) {
    if !(case.rights.usage && case.rights.truncate && case.relation.kind.is_table()) {
        return;
    }
    let finding = crate::finding::Finding {
        check: "probe-truncate".to_owned(),
        class: case.class(Class::Privilege),
        severity: Severity::Critical,
        object: case.name.clone(),
        message: format!(
            "{} may TRUNCATE {}: no policy applies to it, and every organization's rows go \
             (judged from the privilege, not executed)",
            case.world.app_role(),
            case.name
        ),
        path: vec![
            case.world.app_role().to_owned(),
            format!("TRUNCATE on {}", case.name),
        ],
        evidence: Some(format!(
            "select has_table_privilege({}, {}, 'truncate');",
            quote::literal(case.world.app_role()),
            quote::literal(&case.name)
        )),
        fix: Some(format!(
            "REVOKE TRUNCATE ON {} FROM {};",
            case.name,
            quote::ident(case.world.app_role())
        )),
    };
    case.ledger.leak(Some(DELETE), finding);
}

/// One row of B's, named by its key. The answer: whether its being spared says anything.
async fn aimed(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (operation, statement): (Operation, Option<&str>),
) -> Result<bool> {
    let (Some(statement), Some(row)) = (statement, case.b_row()) else {
        return Ok(false);
    };
    let sql = format!("{statement} where {row}");
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.affected() > 0 || reply.passed_policy() {
        touched(case, arena, operation, &[(case.as_a(), &sql)]);
        return Ok(true);
    }
    if timed_out(case, operation, &reply) {
        return Ok(true);
    }
    case.held(operation);
    let own = arena.attempt(case.as_b(), &sql).await?;
    Ok(own.affected() > 0 || own.passed_policy())
}

/// Every row that the UPDATE or DELETE policies let through.
async fn blindly(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (operation, sql): (Operation, Option<&str>),
) -> Result<bool> {
    let Some(sql) = sql else {
        return Ok(false);
    };
    let nobody = As::Context(case.world.unknown());
    // On a table of millions a policy that lets everything through would have it rewritten.
    if case.rows.is_none_or(|rows| rows > BLIND_LIMIT) {
        return Ok(false);
    }
    let reply = arena.attempt(nobody, sql).await?;
    if reply.affected() > 0 || reply.passed_policy() {
        touched(case, arena, operation, &[(nobody, sql)]);
        return Ok(true);
    }
    if timed_out(case, operation, &reply) {
        return Ok(true);
    }
    case.held(operation);
    // Being refused, by a trigger for one, says nothing about the rows.
    let some = case.rows.is_some_and(|rows| rows > 0) || !arena.prologue.is_empty();
    let told = some && reply.refused().is_none();
    as_a_blindly(case, arena, (operation, sql)).await?;
    Ok(told)
}

/// As A, whose own rows are touched too; what counts is what becomes of B's.
async fn as_a_blindly(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (operation, sql): (Operation, &str),
) -> Result<()> {
    let Some(row) = case.b_row() else {
        return Ok(());
    };
    let whole = case
        .relation
        .columns
        .iter()
        .all(|column| case.rights.may_select(&column.name));
    let mark = if whole { "xmin::text" } else { "1" };
    let look = format!("select {mark} from {} where {row}", case.name);
    let steps = [
        (case.as_b(), look.as_str()),
        (case.as_a(), sql),
        (case.as_b(), look.as_str()),
    ];
    let Reply::Done(answers) = arena.script(&steps).await? else {
        // Stopped by a constraint, most likely of its own rows: the other attempts decide.
        return Ok(());
    };
    let seen = |answer: Option<&Answer>| answer.and_then(|a| a.rows.first()).cloned();
    let (before, after) = (seen(answers.first()), seen(answers.last()));
    if before.is_some() && before != after {
        touched(case, arena, operation, &steps);
    } else if before.is_some() {
        case.held(operation);
    }
    Ok(())
}

/// One's own row becomes the other organization's.
async fn rekey(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<bool> {
    if !case.rights.may_update(&case.link().name) {
        return Ok(false);
    }
    let target = match case.table.reach {
        Reach::Registry { .. } => Some(case.world.unknown().to_owned()),
        _ => case.b_link.clone(),
    };
    let Some(target) = target else {
        return Ok(false);
    };
    let set = format!(
        "update {} set {} = {}",
        case.name,
        case.link_name(),
        quote::literal(&target)
    );
    let aimed = case.a_row().map(|row| format!("{set} where {row}"));
    // Reading no column, so that the SELECT policies are not asked about the new row.
    let small = case.rows.is_some_and(|rows| rows <= BLIND_LIMIT);
    let blind = (small && case.a.is_some()).then(|| set.clone());
    for sql in aimed.into_iter().chain(blind) {
        let reply = arena.attempt(case.as_a(), &sql).await?;
        let out_of_place = reply
            .refused()
            .is_some_and(|refused| refused.leaves_partition());
        if !out_of_place && (reply.affected() > 0 || reply.passed_policy()) {
            if case.is_rewritten() && !moved(case, arena, &sql).await? {
                continue;
            }
            moved_away(case, arena, &sql);
            return Ok(true);
        }
        if timed_out(case, UPDATE, &reply) {
            return Ok(true);
        }
        case.held(UPDATE);
    }
    Ok(false)
}

/// Where a trigger may have put the key back: whether A's row is gone from A.
async fn moved(case: &Case<'_, '_>, arena: &mut Arena<'_>, sql: &str) -> Result<bool> {
    let count = format!("select pg_catalog.count(*) from {}", case.name);
    let steps = [
        (case.as_a(), count.as_str()),
        (case.as_a(), sql),
        (case.as_a(), count.as_str()),
    ];
    Ok(match arena.script(&steps).await? {
        Reply::Done(answers) => {
            let seen = |answer: Option<&Answer>| answer.and_then(|a| a.rows.first()).cloned();
            seen(answers.first()) != seen(answers.last())
        }
        Reply::Refused(refused) => refused.passed_policy(),
    })
}

fn moved_away(case: &mut Case<'_, '_>, arena: &Arena<'_>, sql: &str) {
    let leak = Leak {
        check: "probe-rekey",
        class: case.class(Class::Write),
        severity: Severity::High,
        message: format!(
            "one organization may hand its rows of {} to another by changing {}",
            case.name,
            case.link_name()
        ),
        steps: &[(case.as_a(), sql)],
    };
    case.leak(arena, Some(UPDATE), leak);
}

/// A row of one's own that collides with B's row and changes it.
async fn upsert(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<bool> {
    let (Some(b), Some(link)) = (case.b.clone(), case.a_link.clone()) else {
        return Ok(false);
    };
    let ours = case.link().number;
    let given = |column: &Column| {
        column.number != ours
            && case.rights.may_insert(&column.name)
            && case.rights.may_select(&column.name)
    };
    let (Some(key), Some(changed)) = (key_columns(case.relation, &given), changeable(case, false))
    else {
        return Ok(false);
    };
    let mut row = case.new_row(case.a.as_ref().or(Some(&b)), Some(&link), 4);
    for column in &key {
        let cell = b.cell(case.relation, &column.name).map(str::to_owned);
        match row.iter_mut().find(|cell| cell.column == column.name) {
            Some(old) => old.value = cell,
            None => return Ok(false),
        }
    }
    let names: Vec<String> = key
        .iter()
        .map(|column| quote::ident(&column.name))
        .collect();
    let changed = quote::ident(&changed.name);
    let sql = format!(
        "{} on conflict ({}) do update set {changed} = {}.{changed}",
        insert(case.relation, &row),
        names.join(", "),
        quote::ident(&case.relation.name)
    );
    let reply = arena.attempt(case.as_a(), &sql).await?;
    if reply.affected() > 0 {
        touched(case, arena, UPDATE, &[(case.as_a(), &sql)]);
        return Ok(true);
    }
    if !timed_out(case, UPDATE, &reply) {
        case.held(UPDATE);
    }
    Ok(false)
}

/// Whether the silence of the attacks on an operation is worth anything.
fn conclude(case: &mut Case<'_, '_>, (operation, told): (Operation, bool)) {
    if case.leaks(operation) || told {
        return;
    }
    if let Some(why) = case.nobody_may(operation) {
        case.held_because(operation, why);
        return;
    }
    let why = match &case.b {
        None => case.nothing_to_aim_at(),
        Some(_) => format!(
            "the other organization cannot {} its own row either, and the table is too large or \
             has no column for a statement that aims at no row",
            operation.word()
        ),
    };
    case.unproven(operation, why);
}

fn touched(
    case: &mut Case<'_, '_>,
    arena: &Arena<'_>,
    operation: Operation,
    steps: &[(As<'_>, &str)],
) {
    let (check, verb) = match operation {
        Operation::Delete => ("probe-delete", "delete"),
        _ => ("probe-update", "change"),
    };
    let leak = Leak {
        check,
        class: case.class(Class::Write),
        severity: Severity::Critical,
        message: format!(
            "one organization may {verb} rows of another one in {}",
            case.name
        ),
        steps,
    };
    case.leak(arena, Some(operation), leak);
}

fn timed_out(case: &mut Case<'_, '_>, operation: Operation, reply: &Reply) -> bool {
    let Some(refused) = reply.refused().filter(|refused| refused.timed_out()) else {
        return false;
    };
    let why = format!("an attack did not come to an end: {}", refused.text);
    case.unproven(operation, why);
    true
}

/// A column to change: not the one that says whose the row is. A blind statement gives all rows one
/// value, so the column must be in no constraint and no index.
fn changeable<'c>(case: &Case<'c, '_>, blind: bool) -> Option<&'c Column> {
    let ours = case.link().number;
    let relation = case.relation;
    let fits = |column: &&Column| {
        column.number != ours
            && !column.generated
            && column.identity != Some('a')
            && case.rights.may_update(&column.name)
    };
    let free = |column: &&Column| {
        let indexed = relation.indexes.iter().any(|index| {
            index.columns.contains(&column.number)
                || index
                    .expressions
                    .as_ref()
                    .is_some_and(|text| text.contains(&column.name))
        });
        let constrained = relation
            .constraints
            .iter()
            .any(|constraint| constraint.columns.contains(&column.number));
        !indexed && !constrained && made_up(case.world.tenancy.snapshot, column).is_some()
    };
    let readable = |column: &&Column| case.rights.may_select(&column.name);
    let columns = || relation.columns.iter().filter(fits);
    if blind {
        columns().find(free)
    } else {
        columns()
            .filter(readable)
            .find(free)
            .or_else(|| columns().find(readable))
    }
}
