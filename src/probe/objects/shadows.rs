//! Temporary tables that stand in front of what a function means: they come first on every search path that does not
//! name pg_temp, so that the caller decides what an unqualified name is.
//!
//! For functions that work as their owner, and for those that policies ask. `runtime-config-client`,
//! `sql-createfunction`.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::channel::Channel;
use super::super::markers::{self, Markers};
use super::super::reply::Reply;
use super::super::rows::fresh_value;
use super::super::specimen::{self, Specimen};
use super::super::world::{World, Writes};
use super::functions::{Target, not_called};
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::audit;
use crate::catalog::{Column, ConstraintKind, Function, Oid, Relation, Snapshot};
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

/// Keeps what the attacker chose apart from other values that are made up.
const SALT: u32 = 77;
/// Tables that are shadowed at once.
const MOST: usize = 6;
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
    for table in world.tenancy.by_name() {
        let relation = world.tenancy.relation(table);
        let name = relation.qualified();
        let rights = world.rights.get(&relation.oid);
        let readable = rights.is_some_and(|rights| rights.selects_any());
        if !readable || world.exempt(relation) || collected.ledger.leaks(&name, Operation::Select) {
            continue;
        }
        for function in asked(world.tenancy.snapshot, relation) {
            if policy(stage, (relation, function), (session, collected)).await? {
                break;
            }
        }
    }
    Ok(())
}

/// Reads one table with the tables of one function shadowed; whether that opened it.
async fn policy(
    stage: &Stage<'_, '_>,
    (relation, function): (&Relation, &Function),
    (session, collected): (&Session, &mut Collected),
) -> Result<bool> {
    let world = stage.world;
    let shadowed = shadowed(stage, function);
    let mut made = tables(stage, &shadowed).await?;
    let mut called: Vec<String> = shadowed
        .iter()
        .map(|table| quote::ident(&table.name))
        .collect();
    for own in of_session(&function.body) {
        made.extend(claim(world, &own));
        called.push(own);
    }
    if made.is_empty() {
        return Ok(false);
    }
    let called = called.join(", ");
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
            "policies of {name} ask {signature}, which looks {} up on the session's search path: with a temporary \
             table of that name other organizations' rows are visible",
            names(&shadowed)
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

/// Relations that a body names without a schema, where its search path does not say where pg_temp comes.
fn shadowed<'t>(stage: &Stage<'_, 't>, function: &Function) -> Vec<&'t Relation> {
    let pinned = function
        .config
        .iter()
        .find_map(|setting| setting.strip_prefix("search_path="));
    if pinned.is_some_and(|path| {
        path.split(',')
            .any(|part| part.trim().trim_matches('"') == "pg_temp")
    }) {
        return Vec::new();
    }
    let snapshot = stage.world.tenancy.snapshot;
    let (words, _) = audit::reach(snapshot, function);
    let body = function.body.to_lowercase();
    let mut found: Vec<&Relation> = snapshot
        .relations
        .values()
        .filter(|relation| words.contains(&relation.name.to_lowercase()))
        .filter(|relation| unqualified(&body, &relation.name.to_lowercase()))
        .filter(|relation| relation.kind.is_table())
        .collect();
    found.sort_by_key(|relation| relation.qualified());
    found.dedup_by_key(|relation| relation.name.clone());
    found.truncate(MOST);
    found
}

/// Whether a text has the name as a word without a schema in front of it.
fn unqualified(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let before = text[..at].trim_end_matches('"').chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(|c| word(c) || c == '.') && !after.is_some_and(|c| word(c) || c == '.')
    })
}

/// The temporary tables that a body asks for by name.
fn of_session(body: &str) -> Vec<String> {
    let lower = body.to_lowercase();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found: Vec<String> = Vec::new();
    for (at, schema) in lower.match_indices("pg_temp.") {
        let rest = &lower[at + schema.len()..];
        let name: String = rest.chars().take_while(|c| word(*c)).collect();
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found.truncate(MOST);
    found
}

/// The statements that make a temporary table which says that the session is the victim's.
fn claim(world: &World<'_>, table: &str) -> [String; 2] {
    let settings = &world.tenancy.settings.tenancy;
    let (table, key) = (quote::ident(table), quote::ident(&settings.key));
    let kind = settings.key_type.sql();
    [
        format!("create temporary table {table} ({key} {kind}) on commit drop"),
        format!(
            "insert into pg_temp.{table} values ({})",
            quote::literal(&world.b)
        ),
    ]
}

/// The statements that make the temporary tables, with a row each that leads to the victim.
async fn tables(stage: &Stage<'_, '_>, shadowed: &[&Relation]) -> Result<Vec<String>> {
    let mut made = Vec::new();
    let world = stage.world;
    for relation in shadowed {
        let mut theirs: Option<Specimen> = None;
        if world.tenancy.tables.contains_key(&relation.oid) {
            theirs = specimen::fetch(stage.eye, world, relation.oid, &world.b).await?;
        }
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for column in &relation.columns {
            let Some(type_name) = type_name(world, column) else {
                continue;
            };
            columns.push(format!("{} {type_name}", quote::ident(&column.name)));
            let value = value(world, (relation, column), theirs.as_ref());
            values.push(value.map_or_else(|| "null".to_owned(), |value| quote::literal(&value)));
        }
        let name = quote::ident(&relation.name);
        made.push(format!(
            "create temporary table {name} ({}) on commit drop",
            columns.join(", ")
        ));
        made.push(format!(
            "insert into pg_temp.{name} values ({})",
            values.join(", ")
        ));
        made.push(format!("grant select on pg_temp.{name} to public"));
    }
    Ok(made)
}

/// The victim's id where a tenant is named, its own value where another row is referred to, and what the attacker
/// chose for the rest.
fn value(
    world: &World<'_>,
    (relation, column): (&Relation, &Column),
    theirs: Option<&Specimen>,
) -> Option<String> {
    let settings = &world.tenancy.settings.tenancy;
    let key = world.tenancy.key_column(relation.oid);
    if key.is_some_and(|key| key.number == column.number) || column.name == settings.key {
        return Some(world.b.clone());
    }
    let mut references = relation.constraints.iter().filter(|constraint| {
        constraint.kind == ConstraintKind::Foreign && constraint.columns.contains(&column.number)
    });
    let real = || {
        let cell = theirs.and_then(|row| row.cell(relation, &column.name));
        cell.map(str::to_owned)
    };
    match references.next() {
        Some(constraint) if constraint.references == world.tenancy.registry.oid => {
            Some(world.b.clone())
        }
        Some(_) => real(),
        None => chosen(world, column.type_oid).or_else(real),
    }
}

/// What the attacker writes into his table and passes to the function, so that the two agree.
fn chosen(world: &World<'_>, type_oid: Oid) -> Option<String> {
    fresh_value(world.tenancy.snapshot, &Column::of_type(type_oid), SALT)
}

fn type_name<'w>(world: &'w World<'_>, column: &Column) -> Option<&'w str> {
    let snapshot = world.tenancy.snapshot;
    let found = snapshot.types.get(&snapshot.base_type(column.type_oid))?;
    Some(&found.name)
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

#[cfg(test)]
mod tests {
    use super::{of_session, unqualified};

    #[test]
    fn temporary_tables_are_asked_for_by_their_schema() {
        let body =
            "if to_regclass('pg_temp.request') is not null then select * from pg_temp.request";
        assert_eq!(of_session(body), ["request"]);
        assert!(of_session("set search_path = public, pg_temp").is_empty());
    }

    #[test]
    fn a_name_counts_where_no_schema_is_in_front() {
        assert!(unqualified("select * from tokens t", "tokens"));
        assert!(!unqualified("select * from public.tokens t", "tokens"));
        assert!(!unqualified("select * from old_tokens", "tokens"));
        assert!(unqualified("select 1 from public.tokens, tokens", "tokens"));
        assert!(!unqualified(
            "select tokens.id from public.tokens",
            "tokens"
        ));
    }
}
