//! Foreign keys that act: what A does to a row of its own is done to B's child.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::reply::{Answer, Reply};
use super::super::rights::Rights;
use super::super::rows::{Cell, fresh_value, insert, value};
use super::super::specimen::{self, Specimen};
use super::super::world::Writes;
use super::collision::is_uuid;
use crate::catalog::{Constraint, ConstraintKind, Relation};
use crate::finding::{Class, Operation, Severity};
use crate::session::quote;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-cascade",
    title: "a foreign key's action reaches another organization's rows",
    tries: "DELETE, or UPDATE of the key, of a parent that A may write, as A, for every foreign key with \
            CASCADE, SET NULL or SET DEFAULT; B's child must be as it was. Where no child of B's has such a \
            parent, B first makes one, if the key can be guessed",
    why: "the actions of a foreign key run past the policies: they delete and change rows that the one who \
          causes them may not even see",
    class: Class::Key,
    severity: Severity::High,
};

pub(super) async fn attack(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    if case.world.writes != Writes::Allowed || !case.is_small() || case.world.exempt(case.relation)
    {
        return Ok(());
    }
    let ours = case.link().number;
    let acts = |action: char| matches!(action, 'c' | 'n' | 'd');
    let foreign = case.relation.constraints.iter().filter(|constraint| {
        constraint.kind == ConstraintKind::Foreign
            && !constraint.columns.contains(&ours)
            && (acts(constraint.on_delete) || acts(constraint.on_update))
    });
    for constraint in foreign {
        let Some(up) = case
            .world
            .tenancy
            .snapshot
            .relations
            .get(&constraint.references)
        else {
            continue;
        };
        let none = Rights::default();
        let rights = case.world.rights.get(&up.oid).unwrap_or(&none).clone();
        if acts(constraint.on_delete) && rights.deletes() {
            one(case, arena, (constraint, up, &Act::Delete)).await?;
        }
        if acts(constraint.on_update)
            && let Some(act) = rekeyed(case, (constraint, up, &rights))
        {
            one(case, arena, (constraint, up, &act)).await?;
        }
    }
    Ok(())
}

/// What is done to the parent.
enum Act {
    Delete,
    /// This column gets this value.
    Rekey(String, String),
}

impl Act {
    fn sql(&self, up: &Relation, row: &str) -> String {
        match self {
            Self::Delete => format!("delete from {} where {row}", up.qualified()),
            Self::Rekey(column, value) => format!(
                "update {} set {} = {} where {row}",
                up.qualified(),
                quote::ident(column),
                quote::literal(value)
            ),
        }
    }

    fn words(&self) -> (&'static str, Operation) {
        match self {
            Self::Delete => ("deleting", Operation::Delete),
            Self::Rekey(..) => ("changing the key of", Operation::Update),
        }
    }
}

fn rekeyed(
    case: &Case<'_, '_>,
    (constraint, up, rights): (&Constraint, &Relation, &Rights),
) -> Option<Act> {
    constraint.referenced_columns.iter().find_map(|number| {
        let column = up.attribute(*number)?;
        if !rights.may_update(&column.name) {
            return None;
        }
        let value = fresh_value(case.world.tenancy.snapshot, column, 77)?;
        Some(Act::Rekey(column.name.clone(), value))
    })
}

async fn one(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (constraint, up, act): (&Constraint, &Relation, &Act),
) -> Result<()> {
    let found = crossed(case, constraint, up).await?;
    let (child, parent) = match found {
        Some(pair) => pair,
        None => match planted(case, constraint, up).await? {
            Some(pair) => pair,
            None => return Ok(()),
        },
    };
    let none = Rights::default();
    let rights = case.world.rights.get(&up.oid).unwrap_or(&none);
    let Some(row) = specimen::condition(up, rights, &parent) else {
        return Ok(());
    };
    let Some(tie) = tie(case, constraint, up, &parent) else {
        return Ok(());
    };
    let act_sql = act.sql(up, &row);
    let look = format!("select pg_catalog.count(*) from {} where {tie}", case.name);
    let steps: Vec<_> = child
        .iter()
        .map(|sql| (case.as_b(), sql.as_str()))
        .chain([
            (case.as_b(), look.as_str()),
            (case.as_a(), act_sql.as_str()),
            (case.as_b(), look.as_str()),
        ])
        .collect();
    let Reply::Done(answers) = arena.script(&steps).await? else {
        return Ok(());
    };
    let count = |answer: Option<&Answer>| {
        let value = answer?.rows.first()?.first()?.clone()?;
        value.parse::<u64>().ok()
    };
    let last = answers.len().saturating_sub(1);
    let (before, after) = (
        count(answers.get(last.saturating_sub(2))),
        count(answers.get(last)),
    );
    if let (Some(before), Some(after)) = (before, after)
        && after < before
    {
        let (verb, operation) = act.words();
        let leak = Leak {
            channel: &CHANNEL,
            class: CHANNEL.class,
            severity: CHANNEL.severity,
            message: format!(
                "{verb} a row of {} changes another organization's rows of {} (constraint {})",
                up.qualified(),
                case.name,
                quote::ident(&constraint.name)
            ),
            steps: &steps,
        };
        case.leak(arena, Some(operation), leak);
    }
    Ok(())
}

/// A parent that A may write, of a child that is B's: A's own, or one of nobody's.
async fn crossed(
    case: &Case<'_, '_>,
    constraint: &Constraint,
    up: &Relation,
) -> Result<Option<(Option<String>, Specimen)>> {
    let world = case.world;
    let pairs: Option<Vec<String>> = constraint
        .columns
        .iter()
        .zip(&constraint.referenced_columns)
        .map(|(here, there)| {
            let here = quote::ident(&case.relation.attribute(*here)?.name);
            let there = quote::ident(&up.attribute(*there)?.name);
            Some(format!("x.{here} = p.{there}"))
        })
        .collect();
    let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else {
        return Ok(None);
    };
    let own = if world.tenancy.tables.contains_key(&up.oid) {
        format!(" and {}", world.belongs(up.oid, "p", &world.a))
    } else {
        String::new()
    };
    let sql = format!(
        "select {} from {} p where exists (select from {} x where {} and {}){own} limit 1",
        specimen::select_list(up, "p"),
        up.qualified(),
        case.name,
        pairs.join(" and "),
        world.belongs(case.table.oid, "x", &world.b)
    );
    let reply = case.eye.ask(&sql).await?;
    let row = reply.rows().first().cloned().map(specimen::from_row);
    Ok(row.map(|row| (None, row)))
}

/// A child that B makes of A's parent: what a foreign key without the tenant lets it do.
async fn planted(
    case: &Case<'_, '_>,
    constraint: &Constraint,
    up: &Relation,
) -> Result<Option<(Option<String>, Specimen)>> {
    let world = case.world;
    let lone_uuid = constraint.referenced_columns.len() == 1
        && is_uuid(case, up, constraint.referenced_columns[0]);
    if lone_uuid || !world.tenancy.tables.contains_key(&up.oid) || case.b_link.is_none() {
        return Ok(None);
    }
    let Some(parent) = specimen::fetch(case.eye, world, up.oid, &world.a).await? else {
        return Ok(None);
    };
    let mut row = case.new_row(case.b.as_ref(), case.b_link.as_deref(), 6);
    for (here, there) in constraint
        .columns
        .iter()
        .zip(&constraint.referenced_columns)
    {
        let (Some(here), Some(there)) = (case.relation.attribute(*here), up.attribute(*there))
        else {
            return Ok(None);
        };
        let theirs = parent.cell(up, &there.name).map(str::to_owned);
        match row.iter_mut().find(|cell| cell.column == here.name) {
            Some(cell) => cell.value = theirs,
            None => row.push(Cell {
                column: here.name.clone(),
                value: theirs,
            }),
        }
    }
    Ok(Some((Some(insert(case.relation, &row)), parent)))
}

/// The condition on children that they have this parent.
fn tie(
    case: &Case<'_, '_>,
    constraint: &Constraint,
    up: &Relation,
    parent: &Specimen,
) -> Option<String> {
    let parts: Option<Vec<String>> = constraint
        .columns
        .iter()
        .zip(&constraint.referenced_columns)
        .map(|(here, there)| {
            let here = case.relation.attribute(*here)?;
            let theirs = parent.cell(up, &up.attribute(*there)?.name)?;
            let may = case.rights.may_select(&here.name);
            may.then(|| format!("{} = {}", quote::ident(&here.name), value(Some(theirs))))
        })
        .collect();
    Some(parts?.join(" and ")).filter(|text| !text.is_empty())
}
