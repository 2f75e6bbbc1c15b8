//! Sequences that tenant tables draw from: their last value counts what all organizations do.

use anyhow::Result;
use tokio_postgres::types::Type;

use super::super::arena::Arena;
use super::super::channel::Channel;
use super::shown::{Shown, script};
use super::{Collected, Stage};
use crate::catalog::Oid;
use crate::finding::{Class, Operation, Severity};
use crate::session::error::explain;
use crate::session::{Session, quote};

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-sequence",
    title: "a sequence counts what all organizations do",
    tries: "SELECT last_value of every sequence that a tenant table draws from, as A; setval() is not called, because no rollback undoes it",
    why: "all organizations draw from the same sequence: its last value, watched from day to day, less one's own rows, is how much the others do",
    class: Class::Oracle,
    severity: Severity::Medium,
};

/// A sequence that feeds tenant tables.
struct Sequence {
    name: String,
    tables: Vec<Oid>,
    may_select: bool,
    may_update: bool,
    /// Whether the application owns it: then it owns the tables as well, which is a finding of its own.
    owns: bool,
}

/// Reads the last value of every sequence that is shared and readable.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    session: &Session,
    collected: &mut Collected,
) -> Result<()> {
    let sequences = load(stage).await?;
    let opening = stage.attacker.opening.as_str();
    let ledger = &mut collected.ledger;
    let ((), attempts) = Arena::rolled_back(session, stage.arena(opening, true), async |arena| {
        for sequence in sequences.iter().filter(|sequence| !sequence.owns) {
            if !sequence.may_select {
                let why = format!("{} has no SELECT privilege", stage.world.app_role());
                ledger.held_because(&sequence.name, Operation::Select, why);
                continue;
            }
            let sql = format!("select last_value from {}", sequence.name);
            let reply = arena.attempt(stage.world.as_a(), &sql).await?;
            if let Some(refused) = reply.refused() {
                let why = format!("it could not be read: {}", refused.text);
                ledger.unproven(&sequence.name, Operation::Select, why);
                continue;
            }
            let shown = shown(stage, sequence, &sql);
            ledger.leak(Some(Operation::Select), shown.finding(stage.world));
        }
        Ok(())
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

fn shown(stage: &Stage<'_, '_>, sequence: &Sequence, sql: &str) -> Shown {
    let name = &sequence.name;
    let snapshot = stage.world.tenancy.snapshot;
    let tables: Vec<String> = sequence
        .tables
        .iter()
        .filter_map(|oid| snapshot.relations.get(oid))
        .map(|table| table.qualified())
        .collect();
    let moves = if sequence.may_update {
        ", and setval() may set it back so that their next rows collide"
    } else {
        ""
    };
    Shown {
        channel: &CHANNEL,
        severity: Severity::Medium,
        object: name.clone(),
        message: format!(
            "the last value of {name} can be read: it counts the rows that all organizations put into {}{moves}",
            tables.join(", ")
        ),
        path: vec![
            format!("SELECT on {name}"),
            "last_value, which every organization moves on".to_owned(),
        ],
        evidence: script(stage.world, &[], &[(stage.world.as_a(), sql)]),
        fix: Some(format!(
            "REVOKE SELECT{} ON SEQUENCE {name} FROM {};  -- USAGE is enough to insert",
            if sequence.may_update { ", UPDATE" } else { "" },
            quote::ident(stage.world.app_role())
        )),
    }
}

async fn load(stage: &Stage<'_, '_>) -> Result<Vec<Sequence>> {
    let role = stage.world.app_role();
    let tables: Vec<Oid> = stage.world.tenancy.tables.keys().copied().collect();
    let rows = stage
        .eye
        .read(
            include_str!("../../../sql/probe/sequences.sql"),
            &[(&role, Type::NAME), (&tables, Type::OID_ARRAY)],
        )
        .await?;
    let read = |row: &tokio_postgres::Row| -> Result<Sequence, tokio_postgres::Error> {
        Ok(Sequence {
            name: row.try_get(1)?,
            tables: row.try_get(2)?,
            may_select: row.try_get(3)?,
            may_update: row.try_get(4)?,
            owns: row.try_get(5)?,
        })
    };
    rows.iter().map(|row| read(row).map_err(explain)).collect()
}
