//! Writing a row that belongs to the other organization, or to none.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::{BLIND_LIMIT, Case, Leak};
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::super::rows::insert;
use super::merge;
use crate::catalog::Oid;
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;
use crate::tenancy::Reach;

const WRITE: Operation = Operation::Insert;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-insert",
    title: "rows can be inserted for another organization",
    tries: "INSERT of a row that is B's, or hangs on B's parent, as A, with RETURNING and without; a row \
            like it of A's own must be accepted, or the refusal says nothing. A row that only a \
            constraint stopped had passed the policies. COPY FROM is not run: PostgreSQL refuses it on a \
            table whose policies apply, and where none do, INSERT has shown it",
    why: "WITH CHECK is missing or wider than USING: one tenant plants rows in another one's data",
    class: Class::Write,
    severity: Severity::High,
};

pub(super) const NULL_KEY: Channel = Channel {
    id: "probe-null-key",
    title: "rows that belong to no organization can be made or are visible to all",
    tries: "INSERT without the tenant key, and SELECT of rows whose key is null, as A",
    why: "a row of nobody is either lost or everybody's",
    class: Class::Key,
    severity: Severity::High,
};

/// What an attempted INSERT came to.
enum Outcome {
    /// The row is the other organization's now.
    Written,
    /// The policies had nothing against it; this constraint had.
    Constraint(String),
    /// It is not.
    Refused(String),
    /// Something came in between.
    Unknown(String),
}

pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if !case.rights.may_insert(&case.link().name) {
        let why = match case.nobody_may(WRITE) {
            Some(why) => why,
            None => format!(
                "{} may not give {} a value",
                case.world.app_role(),
                case.link_name()
            ),
        };
        case.held_because(WRITE, why);
        return Ok(());
    }
    if !case.may_write(WRITE) {
        return Ok(());
    }
    for_the_other(case, arena).await?;
    for_nobody(case, arena).await
}

async fn for_the_other(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let link = match case.table.reach {
        Reach::Registry { .. } => Some(case.world.unknown().to_owned()),
        _ => case.b_link.clone(),
    };
    let Some(link) = link else {
        case.unproven(
            WRITE,
            "the other organization has no row in the parent table that a new row could hang on",
        );
        return Ok(());
    };
    let row = case.new_row(case.b.as_ref(), Some(&link), 1);
    let sql = insert(case.relation, &row);
    let outcome = outcome(case, arena, &sql, &link).await?;
    let stopped = match outcome {
        Outcome::Written => String::new(),
        Outcome::Constraint(name) => format!(" (only {name} stopped this one)"),
        Outcome::Refused(why) => {
            own_row(case, arena, &why).await?;
            return merge::insert(case, arena, &row).await;
        }
        Outcome::Unknown(why) => {
            case.unproven(WRITE, why);
            return Ok(());
        }
    };
    let message = match case.table.reach {
        Reach::Registry { .. } => format!(
            "any organization may add rows to the registry {}{stopped}",
            case.name
        ),
        Reach::Key { .. } => format!(
            "one organization may insert rows into {} that belong to another{stopped}",
            case.name
        ),
        Reach::Via { .. } => format!(
            "one organization may insert rows into {} that hang on another one's parent{stopped}",
            case.name
        ),
    };
    let leak = Leak {
        channel: &CHANNEL,
        class: case.class(Class::Write),
        severity: Severity::High,
        message,
        steps: &[(case.as_a(), &sql)],
    };
    case.leak(arena, Some(WRITE), leak);
    Ok(())
}

/// Being refused counts where a row like it, but one's own, is not refused.
async fn own_row(case: &mut Case<'_, '_>, arena: &mut Arena<'_>, why: &str) -> Result<()> {
    if let Some(why) = case.nobody_may(WRITE) {
        case.held_because(WRITE, why);
        return Ok(());
    }
    let template = case.a.as_ref().or(case.b.as_ref());
    let link = case.a_link.clone();
    let row = case.new_row(template, link.as_deref(), 2);
    let reply = arena
        .attempt(case.as_a(), &insert(case.relation, &row))
        .await?;
    match reply.refused() {
        Some(refused) if !refused.passed_policy() => {
            // In the registry one's own row exists already and a new one is nobody's.
            let of_own = format!(
                "no such row can be inserted for one's own organization either: {}",
                refused.text
            );
            case.unproven(WRITE, of_own);
        }
        _ => {
            case.held(WRITE);
            if case.is_rewritten() && why.is_empty() {
                case.held_because(
                    WRITE,
                    format!("a trigger of {} gives new rows to their writer", case.name),
                );
            }
        }
    }
    Ok(())
}

/// Rows of no organization, where the key may be null.
async fn for_nobody(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if case.is_via() || case.link().not_null || case.leaks(WRITE) {
        return Ok(());
    }
    let row = case.new_row(case.b.as_ref(), None, 3);
    let sql = insert(case.relation, &row);
    let reply = arena.attempt(case.as_a(), &sql).await?;
    let into_nothing = reply.refused().is_some_and(|refused| {
        // NOT NULL by another way, such as a CHECK: then no row can be without an organization.
        refused.passed_policy() && refused.state.as_str() != "23505"
    });
    if reply.refused().is_some() && (!reply.passed_policy() || into_nothing) {
        case.held(WRITE);
        return Ok(());
    }
    if case.is_rewritten() {
        return Ok(());
    }
    let leak = Leak {
        channel: &NULL_KEY,
        class: case.class(Class::Key),
        severity: Severity::High,
        message: format!(
            "rows of {} may be inserted without {}: they belong to no organization",
            case.name,
            case.link_name()
        ),
        steps: &[(case.as_a(), &sql)],
    };
    case.leak(arena, Some(WRITE), leak);
    Ok(())
}

async fn outcome(
    case: &Case<'_, '_>,
    arena: &mut Arena<'_>,
    sql: &str,
    link: &str,
) -> Result<Outcome> {
    let mut last = None;
    if case.reads_link() {
        // What was written, after triggers: shows whose it is.
        let returning = format!("{sql} returning {}::text", case.link_name());
        let reply = arena.attempt(case.as_a(), &returning).await?;
        match (reply.value(), reply.passed_policy()) {
            (Some(value), _) if value == link => return Ok(Outcome::Written),
            (Some(_), _) => return Ok(Outcome::Refused(String::new())),
            (None, true) => return Ok(constraint(&reply)),
            (None, false) => last = reply.refused().map(|refused| refused.text.clone()),
        }
    }
    // Without RETURNING the SELECT policies are not asked.
    let reply = arena.attempt(case.as_a(), sql).await?;
    match reply.refused() {
        None if case.is_rewritten() => appears(case, arena, sql).await,
        None if reply.affected() > 0 => Ok(Outcome::Written),
        None => Ok(Outcome::Unknown(
            "the row was accepted and not written".to_owned(),
        )),
        Some(refused) if refused.passed_policy() => Ok(constraint(&reply)),
        Some(refused) if refused.timed_out() => Ok(Outcome::Unknown(refused.text.clone())),
        Some(refused) => Ok(Outcome::Refused(
            last.unwrap_or_else(|| refused.text.clone()),
        )),
    }
}

fn constraint(reply: &Reply) -> Outcome {
    let name = reply
        .refused()
        .and_then(|refused| refused.constraint.as_deref())
        .map_or_else(
            || "a NOT NULL constraint".to_owned(),
            |name| format!("constraint {}", quote::ident(name)),
        );
    Outcome::Constraint(name)
}

/// A trigger or a rule may have turned the row into something else: counts what B sees, before and
/// after, in this table and in those that a rule writes to.
async fn appears(case: &Case<'_, '_>, arena: &mut Arena<'_>, sql: &str) -> Result<Outcome> {
    let world = case.world;
    let elsewhere = case.relation.rules.iter().flat_map(|rule| &rule.refers_to);
    let places: Vec<Oid> = std::iter::once(&case.table.oid)
        .chain(elsewhere)
        .filter(|oid| world.tenancy.tables.contains_key(oid))
        .copied()
        .collect();
    let mut looked = false;
    for oid in places {
        let relation = &world.tenancy.snapshot.relations[&oid];
        let readable = world
            .rights
            .get(&oid)
            .is_some_and(|rights| rights.selects_any());
        let small = case
            .eye
            .count(&relation.qualified(), BLIND_LIMIT + 1)
            .await?;
        if !readable || small.is_none_or(|rows| rows > BLIND_LIMIT) {
            continue;
        }
        let count = format!("select pg_catalog.count(*) from {}", relation.qualified());
        let steps = [
            (case.as_b(), count.as_str()),
            (case.as_a(), sql),
            (case.as_b(), count.as_str()),
        ];
        let Reply::Done(answers) = arena.script(&steps).await? else {
            continue;
        };
        looked = true;
        let seen = |at: usize| answers.get(at).and_then(|a| a.rows.first()).cloned();
        // A rule adds its own answers in between; the first and the last are ours.
        if seen(0) != seen(answers.len() - 1) {
            return Ok(Outcome::Written);
        }
    }
    if looked {
        Ok(Outcome::Refused(String::new()))
    } else {
        Ok(Outcome::Unknown(
            "a trigger or rule took the row, and what became of it cannot be read".to_owned(),
        ))
    }
}
