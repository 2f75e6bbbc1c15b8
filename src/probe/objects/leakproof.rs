//! Functions that are marked LEAKPROOF: the planner may run them before the policies, on everybody's rows, and
//! what they raise then quotes what nobody was to see. `sql-createpolicy`, `sql-createfunction`.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::channel::Channel;
use super::super::others;
use super::super::rows::made_up;
use super::super::world::World;
use super::functions::{Target, told};
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::catalog::{Column, Relation};
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-leakproof",
    title: "a function marked LEAKPROOF tells what it was given",
    tries: "a count of every readable table and view as A, filtered by the function on each column of its type; errors and notices are searched for values that only other organizations have",
    why: "the planner may run a LEAKPROOF function before the policies, on everybody's rows; what it raises then quotes them",
    class: Class::Function,
    severity: Severity::Critical,
};

/// Columns that one function is tried on.
const MOST: usize = 40;
/// Values of other organizations that are looked for.
const MOST_VALUES: usize = 200;
/// Shorter ones stand in any message.
const SHORTEST: usize = 3;
/// Hears everything, and keeps the planner from asking an index for the tenant first.
const PREPARED: [&str; 3] = [
    "set local client_min_messages = 'debug1'",
    "set local enable_indexscan = off",
    "set local enable_bitmapscan = off",
];

/// Filters by the function, on tables and on views that may be barriers.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    target: &Target<'_>,
    (session, collected): (&Session, &mut Collected),
) -> Result<()> {
    let one_or_two = (1..=2).contains(&target.parameters.len());
    if !target.function.leakproof
        || target.function.kind != 'f'
        || !one_or_two
        || target.is_volatile()
    {
        return Ok(());
    }
    let opening = stage.attacker.opening.as_str();
    let ((), attempts) = Arena::rolled_back(session, stage.arena(opening, true), async |arena| {
        for (relation, column) in columns(stage, target).into_iter().take(MOST) {
            // Only some values make it raise: whose they are is chance.
            for organization in [&stage.world.a, &stage.world.b] {
                let aim = Aim {
                    target,
                    relation,
                    column,
                    organization,
                };
                if one(stage, &aim, (arena, collected)).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

/// Readable columns of the type that it takes first.
fn columns<'t>(stage: &Stage<'_, 't>, target: &Target<'_>) -> Vec<(&'t Relation, &'t Column)> {
    let world = stage.world;
    let snapshot = world.tenancy.snapshot;
    let tables = world
        .tenancy
        .by_name()
        .into_iter()
        .map(|table| world.tenancy.relation(table));
    let tables = tables.filter(|relation| !world.exempt(relation));
    let mut found = Vec::new();
    for relation in tables.chain(others::targets(world)) {
        let Some(rights) = world.rights.get(&relation.oid) else {
            continue;
        };
        let taken = target
            .parameters
            .first()
            .map(|parameter| snapshot.base_type(parameter.type_oid));
        let fits = relation.columns.iter().filter(|column| {
            Some(snapshot.base_type(column.type_oid)) == taken && rights.may_select(&column.name)
        });
        found.extend(fits.map(|column| (relation, column)));
    }
    found
}

/// One function on one column, by one organization.
struct Aim<'a> {
    target: &'a Target<'a>,
    relation: &'a Relation,
    column: &'a Column,
    organization: &'a str,
}

/// The function as a filter: of other organizations' rows where the key tells them, and of all.
fn conditions(world: &World<'_>, aim: &Aim<'_>) -> [String; 2] {
    let Aim {
        target,
        relation,
        column,
        organization,
    } = *aim;
    let name = quote::ident(&column.name);
    let more = target
        .parameters
        .get(1)
        .map_or_else(String::new, |parameter| {
            // A STRICT one is not called with NULL.
            let made = made_up(world.tenancy.snapshot, &Column::of_type(parameter.type_oid));
            let made = made.map_or_else(|| "null".to_owned(), |value| quote::literal(&value));
            format!(", {made}::{}", parameter.type_name)
        });
    let filter = format!("{}(x.{name}{more}) is not null", target.name());
    // Its own rows would be the first to raise.
    let key = world
        .tenancy
        .key_column(relation.oid)
        .map_or_else(String::new, |key| {
            format!(
                "x.{} <> {} and ",
                quote::ident(&key.name),
                quote::literal(organization)
            )
        });
    [format!("{key}{filter}"), filter]
}

/// Whether it told a value of another organization's.
async fn one(
    stage: &Stage<'_, '_>,
    aim: &Aim<'_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<bool> {
    let world = stage.world;
    let (target, organization) = (aim.target, aim.organization);
    let table = aim.relation.qualified();
    for condition in conditions(world, aim) {
        let sql = format!("select pg_catalog.count(*) from {table} x where {condition}");
        let mut steps = PREPARED.map(|sql| (As::Unset, sql)).to_vec();
        steps.push((As::Context(organization), &sql));
        let repeat = steps.len();
        steps.push((As::Unset, "select"));
        let reply = arena.script(&steps).await?;
        let text = told(arena, reply).messages();
        if text.is_empty() {
            continue;
        }
        let Some(source) = source(stage, aim, &text).await? else {
            continue;
        };
        let signature = target.function.signature();
        let shown = Shown {
            channel: &CHANNEL,
            severity: Severity::Critical,
            object: signature.clone(),
            message: format!(
                "{signature} is marked LEAKPROOF, runs before the policies, and tells another organization's {source} in \
                 a message"
            ),
            path: vec![
                format!("SELECT on {table}"),
                format!("{signature} as a filter, run before the policies"),
            ],
            evidence: script(world, &arena.prologue, &steps[..repeat]),
            fix: Some(format!("ALTER FUNCTION {signature} NOT LEAKPROOF;")),
        };
        collected
            .ledger
            .leak(Some(Operation::Select), shown.finding(world));
        return Ok(true);
    }
    Ok(false)
}

/// Which column's value of others, that none of the organization's own rows has, stands in the text.
async fn source(stage: &Stage<'_, '_>, aim: &Aim<'_>, text: &str) -> Result<Option<String>> {
    let world = stage.world;
    let tenancy = world.tenancy;
    let Aim {
        relation,
        column,
        organization,
        ..
    } = *aim;
    let below = others::bases(tenancy, relation.oid);
    let tables = tenancy
        .by_name()
        .into_iter()
        .map(|table| tenancy.relation(table));
    for table in tables.filter(|table| table.oid == relation.oid || below.contains(&table.oid)) {
        // A view may call it otherwise, and then any column of the type will do.
        let same = table
            .columns
            .iter()
            .filter(|own| own.type_oid == column.type_oid);
        for own in same {
            let (name, value) = (table.qualified(), quote::ident(&own.name));
            let mine = world.belongs(table.oid, "x", organization);
            let sql = format!(
                "select distinct x.{value}::text from {name} x where ({mine}) is not true \
                 and x.{value}::text not in (select x.{value}::text from {name} x where {mine} and x.{value} is not null) \
                 limit {MOST_VALUES}"
            );
            let reply = stage.eye.ask(&sql).await?;
            let values = reply
                .rows()
                .iter()
                .filter_map(|row| row.first()?.as_deref());
            let mut quoted =
                values.filter(|found| found.chars().count() >= SHORTEST && text.contains(found));
            if quoted.next().is_some() {
                return Ok(Some(format!("{name}.{value}")));
            }
        }
    }
    Ok(None)
}
