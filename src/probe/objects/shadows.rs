//! Temporary tables that stand in front of what a function means: they come first on every search path that does not
//! name pg_temp, so that the caller decides what an unqualified name is.
//!
//! For functions that work as their owner, and for those that policies ask. `runtime-config-client`,
//! `sql-createfunction`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::channel::Channel;
use super::super::markers::{self, Markers};
use super::super::reply::Reply;
use super::super::specimen;
use super::super::world::{World, Writes};
use super::decoys::{chosen, claim, of_session, shadowed, tables};
use super::functions::{Target, not_called};
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::catalog::{Function, Oid, Relation, Snapshot};
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-shadow",
    title: "a temporary table in front of the real one opens another organization's rows",
    tries: "in a transaction that is rolled back, temporary tables with the names that a SECURITY DEFINER function or a policy's helper looks up without a schema, with a row that leads to B; then a call of the function, or a SELECT from the table, as A",
    why: "temporary tables come first on every search path that does not name pg_temp, so that the caller decides what an unqualified name means",
    class: Class::Function,
    severity: Severity::Critical,
};

const READ_ONLY: &str = "set local transaction_read_only = on";

/// Calls a function with its tables shadowed.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    target: &Target<'_>,
    (session, collected): (&Session, &mut Collected),
) -> Result<()> {
    let shadowed = shadowed(stage, target.function);
    let reading = target.reading.as_ref();
    let (Some(reading), false) = (reading, shadowed.is_empty()) else {
        return Ok(());
    };
    if stage.world.writes != Writes::Allowed
        || not_called(stage, target).is_some()
        || collected.ledger.leaks_at_all(&target.function.signature())
    {
        return Ok(());
    }
    let mut theirs = Markers::default();
    let snapshot = stage.world.tenancy.snapshot;
    for oid in &reading.touches {
        let row = specimen::fetch(stage.eye, stage.world, *oid, &stage.world.b).await?;
        if let Some(row) = row {
            theirs.add(snapshot, &snapshot.relations[oid], &row);
        }
    }
    let made = tables(stage, &shadowed).await?;
    let call = call(stage.world, target);
    let mut steps: Vec<(As<'_>, &str)> = made.iter().map(|sql| (As::Unset, sql.as_str())).collect();
    if !target.is_volatile() {
        steps.push((As::Unset, READ_ONLY));
    }
    steps.push((stage.world.as_a(), &call));
    let opening = stage.attacker.opening.as_str();
    let ((before, after), attempts) =
        Arena::rolled_back(session, stage.arena(opening, false), async |arena| {
            let plain = arena.attempt(stage.world.as_a(), &call).await?;
            let reply = arena.script(&steps).await?;
            Ok((text(&plain), text(&reply)))
        })
        .await?;
    collected.attempts += attempts;
    let given = steps.iter().map(|(_, sql)| *sql).collect::<Vec<_>>();
    let known = [&before, &given.join(" ")].map(String::as_str).join(" ");
    for marker in theirs.within(&after) {
        let new = !known.contains(&marker.value);
        if new && markers::is_unique(stage.eye, snapshot, marker).await? {
            let table = snapshot.relations[&marker.oid].qualified();
            let value = format!("{table}.{}", quote::ident(&marker.column));
            let evidence = script(stage.world, &[], &steps);
            let shown = of_call(stage, (target, &shadowed), (&value, evidence));
            let finding = shown.finding(stage.world);
            collected.ledger.leak(Some(Operation::Select), finding);
            return Ok(());
        }
    }
    Ok(())
}

/// Everything that was answered.
fn text(reply: &Reply) -> String {
    let cells = reply.rows().iter().flatten().flatten().cloned();
    let error = reply.refused().map(|refused| refused.said.clone());
    cells.chain(error).collect::<Vec<_>>().join("\n")
}

fn of_call(
    stage: &Stage<'_, '_>,
    (target, shadowed): (&Target<'_>, &[&Relation]),
    (value, evidence): (&str, Option<String>),
) -> Shown {
    let signature = target.function.signature();
    let owner = stage
        .world
        .tenancy
        .snapshot
        .role_name(target.function.owner);
    Shown {
        channel: &CHANNEL,
        severity: Severity::Critical,
        object: signature.clone(),
        message: format!(
            "{signature} looks {} up on its caller's search path: with a temporary table of that name it returns \
             another organization's {value}",
            names(shadowed)
        ),
        path: vec![
            format!("a temporary table {}", names(shadowed)),
            format!("EXECUTE on {signature}"),
            format!("as its owner {owner}"),
        ],
        evidence,
        fix: Some(pin(target.function)),
    }
}

/// Reads tenant tables with the tables shadowed that functions of their policies look up.
pub(super) async fn policies(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    let world = stage.world;
    if world.writes != Writes::Allowed {
        return Ok(());
    }
    let mut known: HashMap<Oid, Claims> = HashMap::new();
    for table in world.tenancy.by_name() {
        let relation = world.tenancy.relation(table);
        let name = relation.qualified();
        let rights = world.rights.get(&relation.oid);
        let readable = rights.is_some_and(|rights| rights.selects_any());
        if !readable || world.exempt(relation) || collected.ledger.leaks(&name, Operation::Select) {
            continue;
        }
        for function in asked(world.tenancy.snapshot, relation) {
            // Every table's policies ask the same few.
            if let Entry::Vacant(place) = known.entry(function.oid) {
                place.insert(claims(stage, function).await?);
            }
            let claims = &known[&function.oid];
            if !claims.made.is_empty()
                && policy(stage, (relation, function, claims), (session, collected)).await?
            {
                break;
            }
        }
    }
    Ok(())
}

/// Temporary tables that a function would believe.
struct Claims {
    /// The statements that make them.
    made: Vec<String>,
    /// Their names, for a message.
    called: String,
}

async fn claims(stage: &Stage<'_, '_>, function: &Function) -> Result<Claims> {
    let shadowed = shadowed(stage, function);
    let mut made = tables(stage, &shadowed).await?;
    let mut called: Vec<String> = shadowed
        .iter()
        .map(|table| quote::ident(&table.name))
        .collect();
    for own in of_session(&function.body) {
        made.extend(claim(stage.world, &own));
        called.push(own);
    }
    Ok(Claims {
        made,
        called: called.join(", "),
    })
}

/// Reads one table with the tables of one function shadowed; whether that opened it.
async fn policy(
    stage: &Stage<'_, '_>,
    (relation, function, claims): (&Relation, &Function, &Claims),
    (session, collected): (&Session, &mut Collected),
) -> Result<bool> {
    let world = stage.world;
    let Claims { made, called } = claims;
    let name = relation.qualified();
    let look = format!(
        "select 1 from {name} x where {} limit 1",
        world.belongs(relation.oid, "x", &world.b)
    );
    let mut steps: Vec<(As<'_>, &str)> = made.iter().map(|sql| (As::Unset, sql.as_str())).collect();
    steps.push((world.as_a(), &look));
    let opening = stage.attacker.opening.as_str();
    let (seen, attempts) =
        Arena::rolled_back(session, stage.arena(opening, false), async |arena| {
            Ok(!arena.script(&steps).await?.rows().is_empty())
        })
        .await?;
    collected.attempts += attempts;
    if !seen {
        return Ok(false);
    }
    let signature = function.signature();
    let shown = Shown {
        channel: &CHANNEL,
        severity: Severity::Critical,
        object: signature.clone(),
        message: format!(
            "policies of {name} ask {signature}, which believes the session's temporary tables: with {called} made \
             there, other organizations' rows are visible"
        ),
        path: vec![
            format!("a temporary table {called}"),
            signature.clone(),
            format!("SELECT on {name}"),
        ],
        evidence: script(world, &[], &steps),
        fix: Some(pin(function)),
    };
    collected.ledger.leak(None, shown.finding(world));
    Ok(true)
}

/// The functions that a table's policies name.
fn asked<'s>(snapshot: &'s Snapshot, relation: &Relation) -> Vec<&'s Function> {
    let texts = relation
        .policies
        .iter()
        .flat_map(|policy| policy.using.iter().chain(&policy.check));
    let words: BTreeSet<&str> = texts
        .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .collect();
    let mut found: Vec<&Function> = snapshot
        .functions
        .values()
        .filter(|function| !function.of_extension && words.contains(function.name.as_str()))
        .collect();
    found.sort_by_key(|function| function.signature());
    found
}

/// A call with what the attacker chose.
fn call(world: &World<'_>, target: &Target<'_>) -> String {
    let passed: Vec<String> = target
        .parameters
        .iter()
        .map(|parameter| {
            let value = chosen(world, parameter.type_oid);
            let value = value.map_or_else(|| "null".to_owned(), |value| quote::literal(&value));
            format!("{value}::{}", parameter.type_name)
        })
        .collect();
    let call = format!("{}({})", target.name(), passed.join(", "));
    match target.function.kind {
        'p' => format!("call {call}"),
        _ => format!("select {call} limit 100"),
    }
}

fn names(shadowed: &[&Relation]) -> String {
    let names: Vec<String> = shadowed
        .iter()
        .map(|relation| quote::ident(&relation.name))
        .collect();
    names.join(", ")
}

fn pin(function: &Function) -> String {
    let word = if function.kind == 'p' {
        "PROCEDURE"
    } else {
        "FUNCTION"
    };
    format!(
        "ALTER {word} {} SET search_path = {}, pg_temp;",
        function.signature(),
        quote::ident(&function.schema_name)
    )
}
