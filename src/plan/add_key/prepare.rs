//! The column, and the triggers that fill it for rows that are written from now on.

use anyhow::{Result, bail};

use super::subject::Subject;
use crate::catalog::{Function, Trigger};
use crate::plan::mark::Place;
use crate::plan::work::{Desk, Target, Work};
use crate::plan::{Change, Kind, LockMode, names};
use crate::session::quote::{ident, literal, qualified};

/// How the names of what is made end.
pub(super) const FUNCTION: &str = "_tenantctl_fill";
pub(super) const TRIGGERS: [&str; 2] = ["_tenantctl_insert", "_tenantctl_update"];

/// Everything in one transaction: a row that is written after the column is there has its key, so
/// that what has none only becomes less. `None` where nothing is missing.
///
/// The function runs as whoever writes (SECURITY INVOKER). A definer that sees all of the parent
/// would tell every writer which rows of other tenants exist, by the error that it gets; one that is
/// the owner's sees nothing under FORCE. The writer under its own context sees exactly the parents
/// that it may refer to.
///
/// # Errors
/// A function of the team's own has the name of ours, or ours was made for another reference.
pub(super) fn change(desk: Desk<'_, '_>, subject: &Subject<'_>) -> Result<Option<Change>> {
    let table = subject.relation.qualified();
    let key = ident(subject.key);
    let mut work = Work::default();
    if subject.found.is_none() {
        work.push(
            format!("ALTER TABLE {table} ADD COLUMN {key} {}", subject.type_name),
            format!("ALTER TABLE {table} DROP COLUMN {key}"),
            format!(
                "its rows name their tenant only through {}: the column has no default, so the \
                 table is not rewritten",
                subject.parent.qualified()
            ),
        );
        let place = Place::new_column(subject.relation, subject.key);
        work.stamp(desk, &place, |mark| mark.made = true);
    }
    function(desk, subject, &mut work)?;
    triggers(subject, &mut work);
    super::not_null::drop_leftover(subject, &mut work);
    if work.is_empty() {
        return Ok(None);
    }
    work.because.extend(subject.remarks.iter().cloned());
    if subject.leaves.len() > 1 {
        work.because
            .push("the server locks the partitions with the table for the moment".to_owned());
    }
    let target = Target::of(subject.relation, LockMode::AccessExclusive);
    Ok(Some(work.transaction(Kind::AddKey, target, desk.id)))
}

/// Whether a trigger fills the key.
pub(super) fn is_ours(subject: &Subject<'_>, trigger: &Trigger) -> bool {
    existing(subject).is_some_and(|function| function.oid == trigger.function)
}

fn function_name(subject: &Subject<'_>) -> String {
    names::of_column(&subject.relation.name, subject.key, FUNCTION)
}

fn existing<'a>(subject: &Subject<'a>) -> Option<&'a Function> {
    let name = function_name(subject);
    subject.snapshot.functions.values().find(|function| {
        function.name == name
            && function.schema == subject.relation.schema
            && function.argument_types.is_empty()
    })
}

fn function(desk: Desk<'_, '_>, subject: &Subject<'_>, work: &mut Work) -> Result<()> {
    let name = qualified(&subject.relation.schema_name, &function_name(subject));
    let body = body(subject);
    if let Some(found) = existing(subject) {
        let (_, mark) = Place::function(found).read(desk.comments);
        if !mark.is_some_and(|mark| mark.made) {
            bail!(
                "--add-key: function {name}() is there already and was not made by tenantctl: \
                 rename it; nothing was changed"
            );
        }
        if found.body != body {
            bail!(
                "--from: {name}() already fills the key of {} another way: use the --from of that \
                 time, or `tenantctl revert` first; nothing was changed",
                subject.relation.qualified()
            );
        }
        return Ok(());
    }
    work.push(
        format!(
            "CREATE FUNCTION {name}() RETURNS trigger\n  LANGUAGE plpgsql SET search_path = \
             pg_catalog, pg_temp\n  AS {}",
            literal(&body)
        ),
        format!("DROP FUNCTION {name}()"),
        format!(
            "takes the key of a new row from {}, as whoever writes the row: of a parent that its \
             policies hide it takes none",
            subject.parent.qualified()
        ),
    );
    let place = Place::new_function(&format!("{name}()"));
    work.stamp(desk, &place, |mark| mark.made = true);
    Ok(())
}

fn body(subject: &Subject<'_>) -> String {
    format!(
        "\nbegin\n  new.{} := (select parent.{} from {} as parent where parent.{} = new.{});\n  \
         return new;\nend\n",
        ident(subject.key),
        ident(&subject.parent_key.name),
        subject.parent.qualified(),
        ident(&subject.parent_column.name),
        ident(&subject.column.name)
    )
}

/// The conditions keep the function from being called for rows that have their key: those that the
/// application sends with it, and those that the backfill fills.
fn triggers(subject: &Subject<'_>, work: &mut Work) {
    let table = subject.relation.qualified();
    let key = ident(subject.key);
    let column = ident(&subject.column.name);
    let function = qualified(&subject.relation.schema_name, &function_name(subject));
    let moved = format!(
        "new.{key} IS NULL OR (new.{column} IS DISTINCT FROM old.{column} AND new.{key} IS NOT \
         DISTINCT FROM old.{key})"
    );
    for (event, suffix, when, because) in [
        (
            "INSERT".to_owned(),
            TRIGGERS[0],
            format!("new.{key} IS NULL"),
            "fills the key of new rows that come without one",
        ),
        (
            format!("UPDATE OF {column}, {key}"),
            TRIGGERS[1],
            moved,
            "follows the row to another parent, and lets no UPDATE take its key away",
        ),
    ] {
        let name = names::of_column(&subject.relation.name, subject.key, suffix);
        let mut found = subject.relation.triggers.iter();
        if found.any(|trigger| trigger.name == name && is_ours(subject, trigger)) {
            continue;
        }
        work.push(
            format!(
                "CREATE TRIGGER {} BEFORE {event} ON {table}\n  FOR EACH ROW WHEN ({when})\n  \
                 EXECUTE FUNCTION {function}()",
                ident(&name)
            ),
            format!("DROP TRIGGER {} ON {table}", ident(&name)),
            because,
        );
    }
}
