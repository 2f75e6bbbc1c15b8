//! References to the other organization's rows: foreign keys look past the policies.
//!
//! A reference by one uuid is left out: nobody can guess one.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::super::rows::{self, insert};
use super::super::specimen::{self, Specimen};
use super::collision::{is_uuid, row_with};
use crate::catalog::{Constraint, ConstraintKind, Relation};
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-foreign-key",
    title: "a foreign key accepts another organization's row",
    tries: "INSERT of A's own row that refers to a row of B's, or UPDATE of one, for every foreign key \
            to a tenant table that leaves the tenant out; keys of one uuid are left out",
    why: "whether it is accepted tells which rows another tenant has; the reference keeps the row locked, \
          and with ON DELETE CASCADE the other one's DELETE removes one's own",
    class: Class::Oracle,
    severity: Severity::Medium,
};

pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let may = |operation| case.world.may(operation, case.table.oid).is_ok();
    let able = may(Operation::Insert) && may(Operation::Update);
    if !able || case.world.exempt(case.relation) {
        return Ok(());
    }
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
    });
    for constraint in foreign {
        reference(case, arena, constraint).await?;
    }
    Ok(())
}

/// A row of B's in another table, made up or found.
async fn parent_of_b(case: &Case<'_, '_>, up: &Relation) -> Result<Option<Specimen>> {
    match case.kin.get(&up.oid) {
        Some(made) => Ok(Some(made.clone())),
        None => specimen::fetch(case.eye, case.world, up.oid, &case.world.b).await,
    }
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
    let Some(theirs) = parent_of_b(case, up).await? else {
        return Ok(());
    };
    let values: Vec<(i16, Option<String>)> = constraint
        .columns
        .iter()
        .zip(&constraint.referenced_columns)
        .filter_map(|(column, there)| {
            let value = theirs.cell(up, &up.attribute(*there)?.name);
            Some((*column, value.map(str::to_owned)))
        })
        .collect();
    let unknown = values.iter().any(|(_, value)| value.is_none());
    if unknown || shared_with_a(case, up, constraint, &theirs).await? {
        return Ok(());
    }
    let Some(sql) = refer(case, &values) else {
        return Ok(());
    };
    let hit = arena.attempt(case.as_a(), &sql).await?;
    let rejected = |reply: &Reply| {
        reply.refused().is_some_and(|refused| {
            refused.state == "23503"
                && refused.constraint.as_deref() == Some(constraint.name.as_str())
        })
    };
    let accepted = (hit.affected() > 0 || hit.passed_policy()) && !rejected(&hit);
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
        channel: &CHANNEL,
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

/// A row of A's with these references: a new one, or else its own.
fn refer(case: &Case<'_, '_>, values: &[(i16, Option<String>)]) -> Option<String> {
    if case.rights.may_insert(&case.link().name)
        && case.a_link.is_some()
        && let Some(row) = row_with(case, values)
    {
        return Some(insert(case.relation, &row));
    }
    let row = case.a_row()?;
    let sets: Option<Vec<String>> = values
        .iter()
        .map(|(number, value)| {
            let column = case.relation.attribute(*number)?;
            let may = case.rights.may_update(&column.name);
            may.then(|| {
                format!(
                    "{} = {}",
                    quote::ident(&column.name),
                    rows::value(value.as_deref())
                )
            })
        })
        .collect();
    Some(format!(
        "update {} set {} where {row}",
        case.name,
        sets?.join(", ")
    ))
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

fn is_lone_uuid(case: &Case<'_, '_>, relation: &Relation, columns: &[i16]) -> bool {
    columns.len() == 1 && is_uuid(case, relation, columns[0])
}
