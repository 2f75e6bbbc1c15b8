//! What constraints tell: they look past the policies at the other organization's rows.
//!
//! A reference or a unique key made of one uuid is left out: nobody can guess one. So is a primary
//! key that is a number: that it is taken says no more than a sequence does.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::{Case, Leak};
use super::super::rows::{Cell, insert};
use super::super::specimen::{self, Specimen};
use super::super::world::Writes;
use crate::catalog::{Constraint, ConstraintKind, Index, Relation};
use crate::finding::{Class, Severity};
use crate::session::quote;

pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let able = case.rights.may_insert(&case.link().name)
        && case.world.writes == Writes::Allowed
        && case.a_link.is_some();
    if !able || case.world.exempt(case.relation) {
        return Ok(());
    }
    references(case, arena).await?;
    collisions(case, arena).await
}

/// References to another organization's rows, from a row of one's own.
async fn references(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let ours = case.link().number;
    let relation = case.relation;
    let foreign = relation.constraints.iter().filter(|constraint| {
        constraint.kind == ConstraintKind::Foreign
            && constraint.validated
            && !constraint.columns.contains(&ours)
            && case
                .world
                .tenancy
                .tables
                .contains_key(&constraint.references)
            && constraint.references != case.table.oid
    });
    for constraint in foreign {
        reference(case, arena, constraint).await?;
    }
    Ok(())
}

async fn reference(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    constraint: &Constraint,
) -> Result<()> {
    let world = case.world;
    let up = &world.tenancy.snapshot.relations[&constraint.references];
    if is_lone_uuid(case, up, &constraint.referenced_columns) {
        return Ok(());
    }
    let mut theirs = case.kin.get(&up.oid).cloned();
    if theirs.is_none() {
        theirs = specimen::fetch(case.eye, world, up.oid, &world.b).await?;
    }
    let Some(theirs) = theirs else {
        return Ok(());
    };
    let values: Vec<Option<&str>> = constraint
        .referenced_columns
        .iter()
        .filter_map(|number| up.attribute(*number))
        .map(|column| theirs.cell(up, &column.name))
        .collect();
    if values.iter().any(Option::is_none) || shared_with_a(case, up, constraint, &theirs).await? {
        return Ok(());
    }
    let Some(row) = row_with(case, &constraint.columns, &values) else {
        return Ok(());
    };
    let sql = insert(case.relation, &row);
    let hit = arena.attempt(case.as_a(), &sql).await?;
    let rejected = |reply: &super::super::reply::Reply| {
        reply.refused().is_some_and(|refused| {
            refused.state == "23503"
                && refused.constraint.as_deref() == Some(constraint.name.as_str())
        })
    };
    let accepted = (hit.refused().is_none() || hit.passed_policy()) && !rejected(&hit);
    if !accepted || case.is_rewritten() {
        return Ok(());
    }
    let cascades = constraint.on_delete == 'c';
    let message = format!(
        "a row of {} may refer to another organization's row of {} (constraint {}): whether it is \
         accepted tells which ones exist",
        case.name,
        up.qualified(),
        quote::ident(&constraint.name)
    );
    let leak = Leak {
        check: "probe-foreign-key",
        class: if cascades { Class::Key } else { Class::Oracle },
        severity: if cascades {
            Severity::High
        } else {
            Severity::Medium
        },
        message,
        steps: &[(case.as_a(), &sql)],
    };
    case.leak(arena, None, leak);
    Ok(())
}

/// Whether a row of A's has the same values: then they are no secret of B's.
async fn shared_with_a(
    case: &Case<'_, '_>,
    up: &Relation,
    constraint: &Constraint,
    theirs: &Specimen,
) -> Result<bool> {
    let same: Vec<String> = constraint
        .referenced_columns
        .iter()
        .filter_map(|number| up.attribute(*number))
        .filter_map(|column| {
            let value = theirs.cell(up, &column.name)?;
            Some(format!(
                "x.{} = {}",
                quote::ident(&column.name),
                quote::literal(value)
            ))
        })
        .collect();
    let sql = format!(
        "select 1 from {} x where {} and {} limit 1",
        up.qualified(),
        same.join(" and "),
        case.world.belongs(up.oid, "x", &case.world.a)
    );
    // Who may not look cannot rule it out, and then nothing is claimed.
    Ok(case.admin_sees(&sql).await? != Some(false))
}

/// Unique keys without the tenant's: inserting B's value is refused, another one is not.
async fn collisions(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let relation = case.relation;
    let Some(b) = case.b.clone() else {
        return Ok(());
    };
    let candidates: Vec<&Index> = relation
        .indexes
        .iter()
        .filter(|index| index.unique && index.usable && names_no_tenant(case, index))
        .collect();
    for index in candidates {
        collision(case, arena, (index, &b)).await?;
    }
    Ok(())
}

async fn collision(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (index, b): (&Index, &Specimen),
) -> Result<()> {
    let relation = case.relation;
    let columns: Vec<i16> = relation
        .columns
        .iter()
        .filter(|column| {
            index.columns.contains(&column.number)
                || index
                    .expressions
                    .as_ref()
                    .is_some_and(|text| mentions(text, &column.name))
        })
        .map(|column| column.number)
        .collect();
    let values: Vec<Option<&str>> = columns
        .iter()
        .filter_map(|number| relation.attribute(*number))
        .map(|column| b.cell(relation, &column.name))
        .collect();
    if values.is_empty() || values.iter().any(Option::is_none) {
        return Ok(());
    }
    let Some(row) = row_with(case, &columns, &values) else {
        return Ok(());
    };
    let sql = insert(relation, &row);
    let reply = arena.attempt(case.as_a(), &sql).await?;
    let collided = reply.refused().is_some_and(|refused| {
        refused.state == "23505" && refused.constraint.as_deref() == Some(index.name.as_str())
    });
    if !collided {
        return Ok(());
    }
    let leak = Leak {
        check: "probe-unique",
        class: Class::Oracle,
        severity: Severity::Medium,
        message: format!(
            "unique index {} of {} spans organizations: a duplicate-key error tells that another \
             one has the value",
            quote::ident(&index.name),
            case.name
        ),
        steps: &[(case.as_a(), &sql)],
    };
    case.leak(arena, None, leak);
    Ok(())
}

/// A row of A's own with these columns set; `None` where one of them may not be given.
fn row_with(case: &Case<'_, '_>, columns: &[i16], values: &[Option<&str>]) -> Option<Vec<Cell>> {
    let template = case.a.as_ref().or(case.b.as_ref());
    let mut row = case.new_row(template, case.a_link.as_deref(), 5);
    for (number, value) in columns.iter().zip(values) {
        let column = case.relation.attribute(*number)?;
        if !case.rights.may_insert(&column.name) || column.generated {
            return None;
        }
        let value = value.map(str::to_owned);
        match row.iter_mut().find(|cell| cell.column == column.name) {
            Some(cell) => cell.value = value,
            None => row.push(Cell {
                column: column.name.clone(),
                value,
            }),
        }
    }
    Some(row)
}

/// Whether two organizations can collide in this index, and guess it.
fn names_no_tenant(case: &Case<'_, '_>, index: &Index) -> bool {
    let relation = case.relation;
    let link = case.link();
    let has_link = index.columns.contains(&link.number)
        || index
            .expressions
            .as_ref()
            .is_some_and(|text| mentions(text, &link.name));
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
    !has_link && !numbered && !holds_reference && !by_uuid
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

fn is_lone_uuid(case: &Case<'_, '_>, relation: &Relation, columns: &[i16]) -> bool {
    columns.len() == 1 && is_uuid(case, relation, columns[0])
}

fn is_uuid(case: &Case<'_, '_>, relation: &Relation, number: i16) -> bool {
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
