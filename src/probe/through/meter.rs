//! Measures what an organization has in some tables, as the administrator: a write through a view
//! shows there, whatever view, rule or trigger it went through.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::BLIND_LIMIT;
use super::super::eye::Eye;
use super::super::login::set_role;
use super::super::reply::{Answer, Refused, Reply};
use super::super::world::World;
use crate::catalog::Oid;

/// The tables that are measured.
pub(super) struct Meter<'m, 'w> {
    world: &'m World<'w>,
    tables: Vec<Oid>,
}

/// What a measured attack came to.
pub(super) enum Measured {
    /// The organization's rows are others than before.
    Changed,
    /// They are the same.
    Same,
    /// It was refused.
    Refused(Refused),
}

/// An administrator whom policies bind would measure what he sees, so he is refused instead.
const OPEN: &str = "set local row_security = off";
const CLOSE: &str = "set local row_security = on";

impl<'m, 'w> Meter<'m, 'w> {
    /// Of those tables that are small enough to be read as often as this takes; the others are
    /// counted.
    pub(super) async fn of(
        (world, eye): (&'m World<'w>, &Eye<'_>),
        tables: impl Iterator<Item = Oid>,
    ) -> Result<(Self, usize)> {
        let (mut small, mut large) = (Vec::new(), 0);
        for oid in tables {
            let name = world.tenancy.snapshot.relations[&oid].qualified();
            match eye.count(&name, BLIND_LIMIT + 1).await? {
                Some(rows) if rows <= BLIND_LIMIT => small.push(oid),
                _ => large += 1,
            }
        }
        Ok((
            Self {
                world,
                tables: small,
            },
            large,
        ))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// One row a table: how many rows, and their digest.
    fn sql(&self, organization: &str) -> String {
        let parts: Vec<String> = self
            .tables
            .iter()
            .map(|oid| {
                format!(
                    "select pg_catalog.count(*), \
                     pg_catalog.md5(pg_catalog.string_agg(pg_catalog.md5(x::text), '' order by pg_catalog.md5(x::text))) \
                     from {} x where {}",
                    self.world.tenancy.snapshot.relations[oid].qualified(),
                    self.world.belongs(*oid, "x", organization)
                )
            })
            .collect();
        parts.join(" union all ")
    }

    /// The same for a reader: the organization's rows themselves.
    pub(super) fn shown(&self, organization: &str) -> Vec<String> {
        self.tables
            .iter()
            .map(|oid| {
                format!(
                    "select * from {} x where {}",
                    self.world.tenancy.snapshot.relations[oid].qualified(),
                    self.world.belongs(*oid, "x", organization)
                )
            })
            .collect()
    }

    /// Whether the administrator can measure at all; if not, why.
    pub(super) async fn works(&self, arena: &mut Arena<'_>) -> Result<Result<(), String>> {
        let sql = self.sql(&self.world.b);
        let reply = arena
            .script(&[(As::Unset, OPEN), (As::Unset, &sql)])
            .await?;
        Ok(match reply.refused() {
            Some(refused) => Err(refused.text.clone()),
            None => Ok(()),
        })
    }

    /// Runs a statement as the application under a context, between two measurements of what this
    /// organization has.
    pub(super) async fn around(
        &self,
        arena: &mut Arena<'_>,
        organization: &str,
        (who, sql): (As<'_>, &str),
    ) -> Result<Measured> {
        let role = set_role(self.world.app_role());
        let measure = self.sql(organization);
        let steps = [
            (As::Unset, OPEN),
            (As::Unset, measure.as_str()),
            (As::Unset, CLOSE),
            (As::Unset, role.as_str()),
            (who, sql),
            (As::Unset, "set local role none"),
            (As::Unset, OPEN),
            (As::Unset, measure.as_str()),
        ];
        match arena.script(&steps).await? {
            Reply::Refused(refused) => Ok(Measured::Refused(refused)),
            Reply::Done(answers) => {
                let rows = |answer: Option<&Answer>| answer.map(|answer| answer.rows.clone());
                // A rule adds answers of its own in between: the last one is counted from the end.
                let same = rows(answers.get(1)) == rows(answers.last());
                Ok(if same {
                    Measured::Same
                } else {
                    Measured::Changed
                })
            }
        }
    }
}
