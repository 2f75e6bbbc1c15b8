//! That nothing is left behind: what the administrator's own session says after the attacks.
//!
//! The server's record of transactions decides (`pg_xact_status`): what an aborted transaction wrote
//! is visible to nobody, however large the table is. Counts and checksums of small tables are a
//! second witness that knows nothing of the first; where they differ, somebody else was at work.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::eye::Eye;
use super::world::{World, Writes};
use crate::catalog::Oid;
use crate::session::quote;

/// What is remembered from before the attacks.
pub(super) struct Verification {
    sums: BTreeMap<Oid, String>,
    sequences: BTreeMap<String, String>,
}

/// A table's rows are added up where it takes no more space than this.
const LARGEST: u32 = 1 << 20;
/// How many tables one statement adds up, and how many transactions one looks up.
const AT_ONCE: usize = 50;
const TRANSACTIONS: usize = 1000;

impl Verification {
    /// Looks before the first attack; `None` where nothing will be written.
    pub(super) async fn begin(eye: &Eye<'_>, world: &World<'_>) -> Result<Option<Self>> {
        if world.writes != Writes::Allowed {
            return Ok(None);
        }
        let tables: Vec<Oid> = world.tenancy.tables.keys().copied().collect();
        Ok(Some(Self {
            sums: sums(eye, world, &small(eye, &tables).await?).await?,
            sequences: sequences(eye).await?,
        }))
    }

    /// Looks again after the last one; the notes for the report.
    ///
    /// # Errors
    /// The server does not say of every transaction that it was rolled back.
    pub(super) async fn end(
        self,
        eye: &Eye<'_>,
        world: &World<'_>,
        (transactions, unasked): (&[String], usize),
    ) -> Result<Vec<String>> {
        all_aborted(eye, transactions).await?;
        let tables: Vec<Oid> = self.sums.keys().copied().collect();
        let after = sums(eye, world, &tables).await?;
        let changed: Vec<String> = self
            .sums
            .iter()
            .filter(|(oid, sum)| after.get(oid).is_some_and(|now| now != *sum))
            .map(|(oid, _)| world.tenancy.snapshot.relations[oid].qualified())
            .collect();
        let mut notes = Vec::new();
        if !transactions.is_empty() {
            let same = after.len() - changed.len();
            let all = world.tenancy.tables.len();
            notes.push(format!(
                "nothing is left behind: the server lists every transaction that wrote for the \
                 probe as rolled back (pg_xact_status), and the rows of {same} of {all} tenant \
                 tables, those that are small and that the administrator sees whole, add up to the \
                 same as before"
            ));
        }
        if unasked > 0 {
            notes.push(format!(
                "{unasked} transactions of the probe were rolled back without telling their id, so \
                 that nobody can be asked about them again"
            ));
        }
        if !changed.is_empty() {
            notes.push(format!(
                "rows of {} changed while the probe ran, in no transaction of the probe: by other \
                 sessions, or by what a trigger does outside of its transaction",
                changed.join(", ")
            ));
        }
        let now = sequences(eye).await?;
        let moved: Vec<&str> = self
            .sequences
            .iter()
            .filter(|(name, value)| now.get(*name).is_some_and(|now| now != *value))
            .map(|(name, _)| name.as_str())
            .collect();
        if !moved.is_empty() {
            notes.push(format!(
                "a rollback does not take back what a sequence gave out; moved while the probe \
                 ran, so that numbers are missing: {}",
                moved.join(", ")
            ));
        }
        Ok(notes)
    }
}

/// Asks the server what became of the transactions.
async fn all_aborted(eye: &Eye<'_>, transactions: &[String]) -> Result<()> {
    for some in transactions.chunks(TRANSACTIONS) {
        let ids: Vec<String> = some.iter().map(|id| quote::literal(id)).collect();
        let sql = format!(
            "select x, pg_catalog.pg_xact_status(x::pg_catalog.xid8) \
             from pg_catalog.unnest(array[{}]) x \
             where pg_catalog.pg_xact_status(x::pg_catalog.xid8) is distinct from 'aborted' limit 1",
            ids.join(", ")
        );
        let reply = eye.ask(&sql).await?;
        if let Some(refused) = reply.refused() {
            bail!(
                "cannot verify that the attacks were rolled back: {}",
                refused.text
            );
        }
        if let Some(row) = reply.rows().first() {
            let word = |at: usize| row.get(at).cloned().flatten();
            bail!(
                "transaction {} of the probe is not rolled back, the server says: {}; look for \
                 rows with the xmin of it, and report this as a bug of tenantctl",
                word(0).unwrap_or_default(),
                word(1).unwrap_or_else(|| "unknown".to_owned())
            );
        }
    }
    Ok(())
}

/// Which of the tables are small.
async fn small(eye: &Eye<'_>, tables: &[Oid]) -> Result<Vec<Oid>> {
    let oids: Vec<String> = tables.iter().map(Oid::to_string).collect();
    let sql = format!(
        "select o from pg_catalog.unnest(array[{}]::pg_catalog.oid[]) o \
         where pg_catalog.pg_table_size(o::pg_catalog.regclass) <= {LARGEST} order by o",
        oids.join(", ")
    );
    let reply = eye.ask(&sql).await?;
    let oid = |row: &Vec<Option<String>>| row.first()?.as_deref()?.parse().ok();
    Ok(reply.rows().iter().filter_map(oid).collect())
}

/// Counts and checksums of what rows say, whatever their order.
async fn sums(eye: &Eye<'_>, world: &World<'_>, tables: &[Oid]) -> Result<BTreeMap<Oid, String>> {
    let mut sums = BTreeMap::new();
    for some in tables.chunks(AT_ONCE) {
        if add_up(eye, world, (some, &mut sums)).await? {
            continue;
        }
        // Who is subject to the policies of one of them, or may not read it, is refused all.
        for one in some.chunks(1) {
            add_up(eye, world, (one, &mut sums)).await?;
        }
    }
    Ok(sums)
}

/// Whether the server did it.
async fn add_up(
    eye: &Eye<'_>,
    world: &World<'_>,
    (tables, sums): (&[Oid], &mut BTreeMap<Oid, String>),
) -> Result<bool> {
    let each: Vec<String> = tables
        .iter()
        .map(|oid| {
            let name = world.tenancy.snapshot.relations[oid].qualified();
            format!(
                "select {oid}::text, pg_catalog.count(*)::text || ' ' || coalesce(pg_catalog.sum(\
                 pg_catalog.hashtextextended(x::text, 0)), 0)::text from only {name} x"
            )
        })
        .collect();
    let reply = eye.ask(&each.join(" union all ")).await?;
    for row in reply.rows() {
        if let [Some(oid), Some(sum)] = row.as_slice()
            && let Ok(oid) = oid.parse()
        {
            sums.insert(oid, sum.clone());
        }
    }
    Ok(reply.refused().is_none())
}

/// Where every sequence stands that the administrator may look at.
async fn sequences(eye: &Eye<'_>) -> Result<BTreeMap<String, String>> {
    let sql = "select pg_catalog.format('%I.%I', schemaname, sequencename), \
               coalesce(last_value::text, '') from pg_catalog.pg_sequences";
    let reply = eye.ask(sql).await?;
    let pair = |row: &Vec<Option<String>>| match row.as_slice() {
        [Some(name), Some(value)] => Some((name.clone(), value.clone())),
        _ => None,
    };
    Ok(reply.rows().iter().filter_map(pair).collect())
}
