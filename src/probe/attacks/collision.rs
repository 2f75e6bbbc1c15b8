//! Unique and exclusion constraints: they look past the policies at the other organization's rows.
//!
//! A unique key that begins with a uuid is left out: nobody can guess one. So is a primary key that
//! is a number: that it is taken says no more than a sequence does.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::super::rows::{Cell, insert};
use super::super::specimen::{self, Specimen};
use super::super::world::Writes;
use crate::catalog::{ConstraintKind, Index, Relation};
use crate::finding::{Class, Severity};
use crate::session::quote;

pub(super) const UNIQUE: Channel = Channel {
    id: "probe-unique",
    title: "a unique key tells what another organization has",
    tries: "INSERT of A's own row with B's value in a unique key that leaves the tenant out, and ON \
            CONFLICT DO NOTHING, for every unique constraint and index, partial and on expressions too, \
            with a row of B's that the index holds",
    why: "a duplicate-key error is an answer: another tenant has this e-mail address, this domain, this \
          number; and it keeps one from using the value oneself",
    class: Class::Oracle,
    severity: Severity::Medium,
};

pub(super) const EXCLUSION: Channel = Channel {
    id: "probe-exclusion",
    title: "an exclusion constraint tells what another organization has",
    tries: "INSERT of A's own row with B's values in the columns of an exclusion constraint that leaves \
            the tenant out",
    why: "a conflict is an answer: another tenant has booked the time, uses the address range",
    class: Class::Oracle,
    severity: Severity::Medium,
};

/// A unique index or an exclusion constraint, and what B's row has in it.
pub(super) struct Key<'r> {
    index: &'r Index,
    /// Columns by number, those of expressions and of the WHERE among them.
    pub(super) values: Vec<(i16, Option<String>)>,
    /// What ON CONFLICT calls it; an exclusion constraint has no such name.
    pub(super) target: Option<String>,
    /// Whether the tenant is part of it: then two tenants cannot collide.
    pub(super) names_tenant: bool,
}

/// The SQL of an index on expressions, or of a partial one.
#[derive(Default)]
struct Spelled {
    columns: Option<String>,
    condition: Option<String>,
}

pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let able = case.rights.may_insert(&case.link().name)
        && case.world.writes == Writes::Allowed
        && case.a_link.is_some();
    if !able || case.world.exempt(case.relation) {
        return Ok(());
    }
    for key in keys(case).await? {
        if !key.names_tenant && can_be_guessed(case, key.index) {
            collision(case, arena, &key).await?;
        }
    }
    Ok(())
}

/// Every unique index and exclusion constraint that a row of B's is in.
pub(super) async fn keys<'c>(case: &Case<'c, '_>) -> Result<Vec<Key<'c>>> {
    let mut found = Vec::new();
    let indexes = case.relation.indexes.iter();
    for index in indexes.filter(|index| (index.unique || index.exclusion) && index.usable) {
        if let Some(key) = key(case, index).await? {
            found.push(key);
        }
    }
    Ok(found)
}

async fn key<'c>(case: &Case<'c, '_>, index: &'c Index) -> Result<Option<Key<'c>>> {
    let relation = case.relation;
    let spelled = if index.expressions.is_some() || index.partial {
        spelled(case, index).await?
    } else {
        Spelled::default()
    };
    let within =
        |text: &Option<String>, name: &str| text.as_ref().is_some_and(|text| mentions(text, name));
    let involved: Vec<_> = relation
        .columns
        .iter()
        .filter(|column| {
            index.columns.contains(&column.number)
                || within(&index.expressions, &column.name)
                || within(&spelled.condition, &column.name)
        })
        .collect();
    let link = case.link();
    let names_tenant =
        index.columns.contains(&link.number) || within(&index.expressions, &link.name);
    let there = match &spelled.condition {
        Some(condition) => held_by(case, condition).await?,
        None => None,
    };
    let Some(b) = there.as_ref().or(case.b.as_ref()) else {
        return Ok(None);
    };
    let value = |name: &str| b.cell(relation, name).map(str::to_owned);
    let keyed = |number: i16| index.columns.contains(&number);
    let values: Vec<(i16, Option<String>)> = involved
        .iter()
        .filter(|column| column.number != link.number)
        .map(|column| (column.number, value(&column.name)))
        .collect();
    // NULLs do not collide; in the WHERE they may be what it asks for.
    let empty = values
        .iter()
        .any(|(number, value)| value.is_none() && keyed(*number));
    if values.is_empty() || empty {
        return Ok(None);
    }
    Ok(Some(Key {
        target: target(relation, index, &spelled),
        index,
        values,
        names_tenant,
    }))
}

async fn spelled(case: &Case<'_, '_>, index: &Index) -> Result<Spelled> {
    let sql = format!(
        "select (select pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, false), ', ' order by k) \
                 from pg_catalog.generate_series(1, i.indnkeyatts) k), \
                pg_catalog.pg_get_expr(i.indpred, i.indrelid) \
         from pg_catalog.pg_index i where i.indexrelid = {}::pg_catalog.oid",
        index.oid
    );
    let reply = case.eye.ask(&sql).await?;
    let mut row = reply
        .rows()
        .first()
        .cloned()
        .unwrap_or_default()
        .into_iter();
    Ok(Spelled {
        columns: row.next().flatten(),
        condition: row.next().flatten(),
    })
}

/// A row of B's that a partial index holds.
async fn held_by(case: &Case<'_, '_>, condition: &str) -> Result<Option<Specimen>> {
    let world = case.world;
    let sql = format!(
        "select {} from {} x where {} and ({condition}) limit 1",
        specimen::select_list(case.relation, "x"),
        case.name,
        world.belongs(case.table.oid, "x", &world.b)
    );
    let reply = case.eye.ask_as(&world.b, &sql).await?;
    Ok(reply.rows().first().cloned().map(specimen::from_row))
}

/// What stands after ON CONFLICT.
fn target(relation: &Relation, index: &Index, spelled: &Spelled) -> Option<String> {
    if index.exclusion || !index.unique {
        return None;
    }
    let columns = match &spelled.columns {
        Some(columns) => columns.clone(),
        None => {
            let names: Option<Vec<String>> = index
                .columns
                .iter()
                .map(|number| Some(quote::ident(&relation.attribute(*number)?.name)))
                .collect();
            names?.join(", ")
        }
    };
    let condition = spelled.condition.as_ref();
    let condition = condition.map_or_else(String::new, |text| format!(" where {text}"));
    Some(format!("({columns}){condition}"))
}

async fn collision(case: &mut Case<'_, '_>, arena: &mut Arena<'_>, key: &Key<'_>) -> Result<()> {
    let Some(row) = row_with(case, &key.values) else {
        return Ok(());
    };
    let mut sql = insert(case.relation, &row);
    let reply = arena.attempt(case.as_a(), &sql).await?;
    let mut collided = collides(case, key.index, &reply);
    if let (Some(target), false, None) = (&key.target, case.is_rewritten(), reply.refused()) {
        // It went in; that ON CONFLICT sees nothing either is the same question asked again.
        sql = format!("{sql} on conflict {target} do nothing");
        let reply = arena.attempt(case.as_a(), &sql).await?;
        collided = reply.refused().is_none() && reply.affected() == 0;
    }
    if !collided {
        return Ok(());
    }
    let (channel, what, says) = if key.index.exclusion {
        (&EXCLUSION, "exclusion constraint", "a conflict")
    } else {
        (&UNIQUE, "unique index", "a duplicate-key error")
    };
    let leak = Leak {
        channel,
        class: Class::Oracle,
        severity: channel.severity,
        message: format!(
            "{what} {} of {} spans organizations: {says} tells that another one has the value",
            quote::ident(&key.index.name),
            case.name
        ),
        steps: &[(case.as_a(), &sql)],
    };
    case.leak(arena, None, leak);
    Ok(())
}

/// Whether this index refused the row. Through a partitioned table the index of the partition is
/// named, which no other unique key of the table is.
fn collides(case: &Case<'_, '_>, index: &Index, reply: &Reply) -> bool {
    let state = if index.exclusion { "23P01" } else { "23505" };
    let Some(refused) = reply.refused().filter(|refused| refused.state == state) else {
        return false;
    };
    let Some(name) = refused.constraint.as_deref() else {
        return false;
    };
    let partitioned = case.relation.kind == crate::catalog::RelationKind::Partitioned;
    let known = |name: &str| case.relation.indexes.iter().any(|index| index.name == name);
    name == index.name || (partitioned && !known(name))
}

/// A row of A's own with these columns set; `None` where one of them may not be given.
pub(super) fn row_with(case: &Case<'_, '_>, values: &[(i16, Option<String>)]) -> Option<Vec<Cell>> {
    let link = case.a_link.as_deref()?;
    let template = case.a.as_ref().or(case.b.as_ref());
    let mut row = case.new_row(template, Some(link), 5);
    for (number, value) in values {
        let column = case.relation.attribute(*number)?;
        if !case.rights.may_insert(&column.name) || column.generated {
            return None;
        }
        match row.iter_mut().find(|cell| cell.column == column.name) {
            Some(cell) => cell.value.clone_from(value),
            None => row.push(Cell {
                column: column.name.clone(),
                value: value.clone(),
            }),
        }
    }
    Some(row)
}

/// Whether somebody could come upon a value of the other organization's.
fn can_be_guessed(case: &Case<'_, '_>, index: &Index) -> bool {
    let relation = case.relation;
    let numbered = index.primary && index.columns.len() == 1 && is_number(case, index.columns[0]);
    // A key that begins with an own parent's id cannot collide with another organization's.
    let holds_reference = relation.constraints.iter().any(|constraint| {
        constraint.kind == ConstraintKind::Foreign
            && constraint
                .columns
                .iter()
                .any(|number| index.columns.contains(number))
            && case
                .world
                .tenancy
                .tables
                .contains_key(&constraint.references)
    });
    let by_uuid = index
        .columns
        .iter()
        .any(|number| is_uuid(case, relation, *number));
    !numbered && !holds_reference && !by_uuid
}

fn is_number(case: &Case<'_, '_>, number: i16) -> bool {
    let snapshot = case.world.tenancy.snapshot;
    case.relation.attribute(number).is_some_and(|column| {
        snapshot
            .types
            .get(&snapshot.base_type(column.type_oid))
            .is_some_and(|found| matches!(found.name.as_str(), "smallint" | "integer" | "bigint"))
    })
}

pub(super) fn is_uuid(case: &Case<'_, '_>, relation: &Relation, number: i16) -> bool {
    let snapshot = case.world.tenancy.snapshot;
    relation.attribute(number).is_some_and(|column| {
        snapshot
            .types
            .get(&snapshot.base_type(column.type_oid))
            .is_some_and(|found| found.name == "uuid")
    })
}

/// Whether an expression has the name in it as a word.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        !text[..at].chars().next_back().is_some_and(word)
            && !text[at + name.len()..].chars().next().is_some_and(word)
    })
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn names_as_words() {
        assert!(mentions("lower(email)", "email"));
        assert!(!mentions("lower(old_email)", "email"));
        assert!(!mentions("lower(emails)", "email"));
        assert!(mentions("lower(emails) || email", "email"));
    }
}
