//! Large objects that tenant tables refer to: policies protect the number, nothing protects the content.
//!
//! A privilege on a large object is its owner's to grant, and `lo_compat_privileges` switches the question
//! off. `lo-implementation`, `runtime-config-compatible`.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::arena::Arena;
use super::super::channel::Channel;
use super::super::world::Writes;
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::catalog::{Column, Relation};
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-large-object",
    title: "a large object of another organization's can be opened",
    tries: "lo_get() and lo_open() for writing, as A, of the objects that B's rows refer to; where there are none, of objects that no row of A's refers to",
    why: "pg_largeobject has no row-level security: the policies of a table protect the number, and who owns or was granted the object reads the content",
    class: Class::Surface,
    severity: Severity::Critical,
};

/// Objects of one organization that are tried.
const MOST: usize = 5;
/// Objects that nobody in particular refers to and that are tried.
const MOST_UNNAMED: usize = 20;
/// `INV_WRITE` of `lo_open`.
const FOR_WRITING: i32 = 0x2_0000;

/// A column of a tenant table that can hold the number of a large object.
struct Holder<'t> {
    relation: &'t Relation,
    column: &'t Column,
}

/// Opens the other organization's large objects.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    let tenancy = stage.world.tenancy;
    let superuser = tenancy.app.is_some_and(|role| role.superuser);
    let mut holders = Vec::new();
    for table in tenancy.by_name() {
        let relation = tenancy.relation(table);
        let is_oid = |column: &&Column| {
            let base = tenancy.snapshot.base_type(column.type_oid);
            tenancy
                .snapshot
                .types
                .get(&base)
                .is_some_and(|found| found.name == "oid")
        };
        let columns = relation.columns.iter().filter(is_oid);
        holders.extend(columns.map(|column| Holder { relation, column }));
    }
    if superuser || holders.is_empty() {
        return Ok(());
    }
    let opening = stage.attacker.opening.as_str();
    let ((), attempts) = Arena::rolled_back(session, stage.arena(opening, false), async |arena| {
        for holder in &holders {
            one(stage, holder, (arena, collected)).await?;
        }
        Ok(())
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

async fn one(
    stage: &Stage<'_, '_>,
    holder: &Holder<'_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
) -> Result<()> {
    let world = stage.world;
    let mine: BTreeSet<String> = numbers(stage, holder, &world.a)
        .await?
        .into_iter()
        .collect();
    let theirs = numbers(stage, holder, &world.b).await?;
    let theirs: Vec<&String> = theirs
        .iter()
        .filter(|number| !mine.contains(*number))
        .collect();
    for number in &theirs {
        let read = format!("select pg_catalog.octet_length(pg_catalog.lo_get({number}))");
        if !arena.attempt(world.as_a(), &read).await?.rows().is_empty() {
            let shown = opened(stage, holder, ("read", &read));
            collected
                .ledger
                .leak(Some(Operation::Select), shown.finding(world));
            return Ok(());
        }
        let write = format!("select pg_catalog.lo_open({number}, {FOR_WRITING})");
        if world.writes == Writes::Allowed
            && !arena.attempt(world.as_a(), &write).await?.rows().is_empty()
        {
            let shown = opened(stage, holder, ("written", &write));
            collected
                .ledger
                .leak(Some(Operation::Update), shown.finding(world));
            return Ok(());
        }
    }
    if theirs.is_empty() {
        unnamed(stage, holder, (arena, collected), &mine).await?;
    }
    Ok(())
}

/// Where no row of the victim's refers to an object: objects that no row of the attacker's refers to.
async fn unnamed(
    stage: &Stage<'_, '_>,
    holder: &Holder<'_>,
    (arena, collected): (&mut Arena<'_>, &mut Collected),
    mine: &BTreeSet<String>,
) -> Result<()> {
    let list = "select m.oid::text from pg_catalog.pg_largeobject_metadata m order by m.oid desc";
    let list = format!("{list} limit {}", MOST_UNNAMED + mine.len());
    let all = arena.attempt(stage.world.as_a(), &list).await?;
    let all = all
        .rows()
        .iter()
        .filter_map(|row| row.first().cloned().flatten());
    for number in all
        .filter(|number| !mine.contains(number))
        .take(MOST_UNNAMED)
    {
        let read = format!("select pg_catalog.octet_length(pg_catalog.lo_get({number}))");
        if !arena
            .attempt(stage.world.as_a(), &read)
            .await?
            .rows()
            .is_empty()
        {
            let mut shown = opened(stage, holder, ("read", &read));
            shown.severity = Severity::High;
            shown.message = format!(
                "{} of {} holds large objects, and one that none of the organization's own rows refers to can be read",
                quote::ident(&holder.column.name),
                holder.relation.qualified()
            );
            collected.ledger.leak(None, shown.finding(stage.world));
            return Ok(());
        }
    }
    Ok(())
}

/// The numbers in an organization's rows.
async fn numbers(
    stage: &Stage<'_, '_>,
    holder: &Holder<'_>,
    organization: &str,
) -> Result<Vec<String>> {
    let column = quote::ident(&holder.column.name);
    let sql = format!(
        "select distinct x.{column}::oid::text from {} x where x.{column} is not null and {} \
         and exists (select from pg_catalog.pg_largeobject_metadata m where m.oid = x.{column}::oid) limit {MOST}",
        holder.relation.qualified(),
        stage.world.belongs(holder.relation.oid, "x", organization)
    );
    let reply = stage.eye.ask_as(organization, &sql).await?;
    let numbers = reply
        .rows()
        .iter()
        .filter_map(|row| row.first().cloned().flatten());
    Ok(numbers.collect())
}

fn opened(stage: &Stage<'_, '_>, holder: &Holder<'_>, (how, sql): (&str, &str)) -> Shown {
    let (table, column) = (
        holder.relation.qualified(),
        quote::ident(&holder.column.name),
    );
    Shown {
        channel: &CHANNEL,
        severity: Severity::Critical,
        object: table.clone(),
        message: format!(
            "the large object that another organization's row of {table} refers to by {column} can be {how}: no policy applies to it"
        ),
        path: vec![
            "lo_get() with any number of pg_largeobject_metadata".to_owned(),
            format!("content that rows of {table} refer to, whosever they are"),
        ],
        evidence: script(stage.world, &[], &[(stage.world.as_a(), sql)]),
        fix: Some(
            "-- keep the content in a bytea column, or in large objects of one role per organization"
                .to_owned(),
        ),
    }
}
