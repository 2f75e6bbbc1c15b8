//! Rows made up for tables that have none of A's or B's, in the transaction that is rolled back.
//!
//! A row is drafted ([`draft`]): its key and its references are given, for every other column there
//! are candidates by type and by what conditions mention. The server says which of them fit
//! together ([`fill`]), if possible into a row that the attacker sees ([`sight`]). It is planted
//! ([`plant`]) with its parents before it ([`family`]), and what is refused is tried another way.

mod document;
mod draft;
mod family;
mod fill;
mod grow;
mod kin;
mod plant;
mod sight;

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use super::arena::{Arena, As, setting};
use super::case::Case;
use super::eye::Eye;
use super::rows::Cell;
use super::specimen::{self, Specimen, key_columns, select_list};
use super::value::Mark;
use super::world::World;
use crate::catalog::{Oid, Relation};
use crate::session::quote;
use draft::Draft;
use family::Patch;
pub(super) use kin::{is_tied, writers};

/// More columns than this get short values.
const WIDE: usize = 100;

/// Makes canaries; remembers those of this transaction.
pub(super) struct Nursery<'n, 'w> {
    world: &'n World<'w>,
    eye: &'n Eye<'n>,
    /// Organizations that exist for this transaction only.
    made_up: &'n [String],
    rows: HashMap<(Oid, String), Specimen>,
    /// Rows that were there.
    found: HashMap<(Oid, String), Specimen>,
    /// Rows that are being made, and wait for their parents.
    open: BTreeSet<(Oid, String)>,
    /// What was told in advance about rows that are being made.
    planned: HashMap<(Oid, String), Vec<Cell>>,
    /// References that wait for the row that they refer to.
    patches: Vec<Patch>,
    /// Foreign keys that the next row needs deferred.
    to_defer: Vec<Oid>,
    /// Foreign keys that were deferred and are not by nature, by their names.
    deferred: Vec<String>,
    /// Whether rows can only be made with the context at their organization.
    as_tenant: bool,
    salt: u32,
    /// Everything that was done, in order.
    script: Vec<Step>,
}

/// One statement that made rows.
#[derive(Clone, Debug)]
struct Step {
    sql: String,
    /// The row that it makes: its table and organization.
    row: Option<(Oid, String)>,
}

/// Where a row is made, and for whom.
pub(super) struct Place<'p, 'a, 'o> {
    arena: &'p mut Arena<'a>,
    /// Empty for tables that are not the tenants'.
    organization: &'o str,
    depth: usize,
}

impl<'n, 'w> Nursery<'n, 'w> {
    pub(super) fn new(world: &'n World<'w>, eye: &'n Eye<'n>, made_up: &'n [String]) -> Self {
        Self {
            world,
            eye,
            made_up,
            rows: HashMap::new(),
            found: HashMap::new(),
            open: BTreeSet::new(),
            planned: HashMap::new(),
            patches: Vec::new(),
            to_defer: Vec::new(),
            deferred: Vec::new(),
            as_tenant: false,
            salt: 100,
            script: Vec::new(),
        }
    }

    /// With other values than the rows of a transaction beside this one.
    pub(super) fn salted(mut self, salt: u32) -> Self {
        self.salt += salt;
        self
    }

    /// Gives the case the rows that it lacks; the error is why one could not be made.
    pub(super) async fn stage(
        &mut self,
        case: &mut Case<'_, '_>,
        arena: &mut Arena<'_>,
    ) -> Result<Result<(), String>> {
        for victim in [true, false] {
            let (organization, present) = if victim {
                (&self.world.b, case.b.is_some())
            } else {
                (&self.world.a, case.a.is_some())
            };
            if present {
                continue;
            }
            let organization = organization.clone();
            let mut place = Place {
                arena: &mut *arena,
                organization: &organization,
                depth: 0,
            };
            match self.grow(&mut place, case.table.oid).await? {
                Ok(specimen) => take(case, victim, specimen),
                Err(why) => return Ok(Err(why)),
            }
        }
        self.kin(case, arena).await?;
        self.settle(arena).await
    }

    /// Does again what was done, in another transaction; the error is why that is refused.
    pub(super) async fn replay(
        &self,
        case: &mut Case<'_, '_>,
        arena: &mut Arena<'_>,
    ) -> Result<Result<(), String>> {
        for step in &self.script {
            let relation = case.relation;
            let own = step.row.as_ref().filter(|(oid, _)| *oid == relation.oid);
            let mut sql = step.sql.clone();
            if own.is_some() {
                let list = select_list(relation, &quote::ident(&relation.name));
                sql += &format!(" returning {list}");
            }
            let reply = arena.prepare(&sql).await?;
            if let Some(refused) = reply.refused() {
                return Ok(Err(format!(
                    "a row that could be made once was refused the second time: {}",
                    refused.text
                )));
            }
            if let (Some((_, organization)), Some(row)) = (own, reply.rows().first()) {
                let victim = *organization == self.world.b;
                take(case, victim, specimen::from_row(row.clone()));
            }
            arena.prologue.push(step.sql.clone());
        }
        Ok(Ok(()))
    }

    /// A row of this organization in this table, with those that it needs; whether it is new.
    pub(super) async fn provide(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
    ) -> Result<Result<(Specimen, bool), String>> {
        let mut place = Place {
            arena,
            organization,
            depth: 0,
        };
        let made = self.grow(&mut place, oid).await?;
        let new = self.rows.contains_key(&(oid, organization.to_owned()));
        Ok(made.map(|row| (row, new)))
    }

    /// One more row of this organization, whatever there is.
    pub(super) async fn add(
        &mut self,
        arena: &mut Arena<'_>,
        (oid, organization): (Oid, &str),
    ) -> Result<Result<Specimen, String>> {
        self.rows.remove(&(oid, organization.to_owned()));
        let mut place = Place {
            arena,
            organization,
            depth: 0,
        };
        self.make(&mut place, oid).await
    }

    /// Leaves no context behind; whether one had been set.
    pub(super) async fn clear_context(&self, arena: &mut Arena<'_>) -> Result<bool> {
        if self.as_tenant {
            let set = format!("set local {} = ''", setting(self.world.context()));
            arena.prepare(&set).await?;
            arena.prologue.push(set);
        }
        Ok(self.as_tenant)
    }

    /// Constraints and triggers that wait for the end of the transaction are asked now: rows that
    /// could never be committed are none to attack with.
    async fn settle(&mut self, arena: &mut Arena<'_>) -> Result<Result<(), String>> {
        let all = arena
            .rehearse(&[(As::Unset, "set constraints all immediate")])
            .await?;
        if let Some(refused) = all.refused() {
            return Ok(Err(format!(
                "the rows could be inserted and not committed: {}",
                refused.text
            )));
        }
        for name in std::mem::take(&mut self.deferred) {
            let sql = format!("set constraints {name} immediate");
            arena.prepare(&sql).await?;
            arena.prologue.push(sql.clone());
            self.script.push(Step { sql, row: None });
        }
        Ok(Ok(()))
    }

    /// A draft of a row in this table.
    async fn draft<'d>(
        &mut self,
        relation: &'d Relation,
        organization: &str,
        pinned: Vec<Cell>,
    ) -> Result<Draft<'d>>
    where
        'n: 'd,
    {
        self.salt += 1;
        let side = match organization {
            _ if organization == self.world.a => 'a',
            _ if organization == self.world.b => 'b',
            _ => 'c',
        };
        let key = self.world.tenancy.key_column(relation.oid);
        let key = key.filter(|column| column.generated);
        Ok(Draft {
            snapshot: self.world.tenancy.snapshot,
            relation,
            shape: self.world.lore.shape(self.eye, relation).await?,
            kinds: self.world.lore.kinds(self.eye).await?,
            mark: Mark {
                side,
                salt: self.salt,
                brief: relation.columns.len() > WIDE,
            },
            pinned,
            rich: true,
            must: BTreeSet::new(),
            template: None,
            leaves: None,
            key: key.map(|column| (column.name.clone(), organization.to_owned())),
        })
    }

    fn note(&mut self, place: &mut Place<'_, '_, '_>, sql: String) {
        place.arena.prologue.push(sql.clone());
        self.script.push(Step { sql, row: None });
    }

    fn note_row(&mut self, place: &mut Place<'_, '_, '_>, (relation, sql): (&Relation, String)) {
        place.arena.prologue.push(sql.clone());
        let row = Some((relation.oid, place.organization.to_owned()));
        self.script.push(Step { sql, row });
    }
}

/// The case's own row, or its victim's.
fn take(case: &mut Case<'_, '_>, victim: bool, specimen: Specimen) {
    let link = specimen
        .cell(case.relation, &case.link().name)
        .map(str::to_owned);
    if victim {
        case.b = Some(specimen);
        case.b_link = link.or(case.b_link.take());
    } else {
        case.a = Some(specimen);
        case.a_link = link.or(case.a_link.take());
    }
}

/// A condition that names a row by its key.
fn named(relation: &Relation, row: &Specimen) -> Option<String> {
    let columns = key_columns(relation, &|column| {
        row.cell(relation, &column.name).is_some()
    })?;
    let equal = columns.iter().filter_map(|column| {
        let value = row.cell(relation, &column.name)?;
        Some(format!(
            "{} = {}",
            quote::ident(&column.name),
            quote::literal(value)
        ))
    });
    Some(equal.collect::<Vec<_>>().join(" and "))
}

async fn any_row(eye: &Eye<'_>, relation: &Relation) -> Result<Option<Specimen>> {
    let sql = format!(
        "select {} from {} x limit 1",
        select_list(relation, "x"),
        relation.qualified()
    );
    let reply = eye.ask(&sql).await?;
    Ok(reply.rows().first().cloned().map(specimen::from_row))
}
