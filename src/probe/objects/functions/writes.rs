//! VOLATILE functions: whether a call changes the other organization's rows, seen by the administrator in whose
//! transaction it is made.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;

use super::super::super::arena::{Arena, As};
use super::super::super::case::BLIND_LIMIT;
use super::super::super::reply::Reply;
use super::super::super::rights::Rights;
use super::super::super::specimen::{self, Specimen};
use super::super::staged::{self, Rows};
use super::super::{Collected, Stage};
use super::targets::Target;
use super::{Attempted, Trial, arguments, calls};
use crate::catalog::{Oid, Relation};
use crate::finding::{Operation, Severity};

/// The victim's rows of the tables: how many, and a checksum.
type State = Vec<(u64, String)>;

/// Calls it with rows of both organizations there.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    (target, tables): (&Target<'_>, &BTreeSet<Oid>),
    collected: &mut Collected,
    attempted: &mut Attempted,
) -> Result<()> {
    let ((), attempts) = staged::transaction(stage, async |arena| {
        let victims = staged::rows(stage, arena, (tables, Rows::Any)).await?;
        if stage.become_app(arena).await?.is_err() {
            return Ok(());
        }
        let mut trial = Trial {
            stage,
            target,
            victims: &victims,
            collected,
            attempted,
        };
        trial.write(arena).await
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

impl Trial<'_, '_, '_> {
    async fn write(&mut self, arena: &mut Arena<'_>) -> Result<()> {
        let world = self.stage.world;
        let look = self.look();
        let before = self.state(arena, None).await?;
        for given in arguments::sets(self.target, world, &self.victims.rows) {
            if self.attempted.is_tired() {
                break;
            }
            let sql = calls::statement(self.target, &given);
            self.attempted.calls += 1;
            let began = Instant::now();
            let after = self.state(arena, Some((world.as_a(), &sql))).await?;
            let (Some(before), Some(after)) = (&before, after) else {
                continue;
            };
            if after != *before {
                let operation = changed(before, &after);
                let message = format!("{}s other organizations' rows", operation.word());
                let steps = [
                    (world.as_a(), sql.as_str()),
                    (As::Unset, "reset role"),
                    (world.as_b(), look.as_str()),
                ];
                self.leak(arena, (operation, Severity::Critical, message), &steps);
                return Ok(());
            }
            let theirs = self.state(arena, Some((world.as_b(), &sql))).await?;
            self.attempted.spent += began.elapsed();
            self.attempted.control |= theirs.is_some_and(|theirs| theirs != *before);
        }
        Ok(())
    }

    /// The victim's rows after a call, or as they are; `None` where the call is refused.
    async fn state(
        &self,
        arena: &mut Arena<'_>,
        call: Option<(As<'_>, &str)>,
    ) -> Result<Option<State>> {
        let look = self.look();
        let mut steps: Vec<(As<'_>, &str)> = call.into_iter().collect();
        steps.extend([
            (As::Unset, "set local role none"),
            (self.stage.world.as_b(), look.as_str()),
        ]);
        let reply: Reply = arena.script(&steps).await?;
        Ok(reply.last().map(|answer| {
            let cell = |row: &Vec<Option<String>>, at: usize| {
                row.get(at).cloned().flatten().unwrap_or_default()
            };
            let rows = answer.rows.iter();
            rows.map(|row| (cell(row, 0).parse().unwrap_or_default(), cell(row, 1)))
                .collect()
        }))
    }

    /// One row for each table: how many rows of the victim's, and a checksum.
    fn look(&self) -> String {
        let snapshot = self.stage.world.tenancy.snapshot;
        let parts: Vec<String> = self
            .victims
            .rows
            .iter()
            .map(|(oid, row)| {
                let relation = &snapshot.relations[oid];
                format!(
                    "select pg_catalog.count(*), pg_catalog.md5(pg_catalog.string_agg(x::text, ',' order by x::text)) \
                     from {} x where {}",
                    relation.qualified(),
                    self.theirs(relation, row)
                )
            })
            .collect();
        match parts.is_empty() {
            true => "select 0, ''".to_owned(),
            false => parts.join(" union all "),
        }
    }

    /// All rows of the victim's; the one that is aimed at, where there are too many to read.
    fn theirs(&self, relation: &Relation, row: &Specimen) -> String {
        let all = self
            .stage
            .world
            .belongs(relation.oid, "x", &self.stage.world.b);
        if f64::from(relation.estimated_rows) <= BLIND_LIMIT as f64 {
            return all;
        }
        let names: Vec<String> = relation
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let everything = Rights {
            usage: true,
            selects: names,
            ..Rights::default()
        };
        specimen::condition(relation, &everything, row).unwrap_or(all)
    }
}

/// What was done, by how many rows there are now.
fn changed(before: &State, after: &State) -> Operation {
    let count = |state: &State| state.iter().map(|(rows, _)| rows).sum::<u64>();
    match count(after).cmp(&count(before)) {
        std::cmp::Ordering::Less => Operation::Delete,
        std::cmp::Ordering::Equal => Operation::Update,
        std::cmp::Ordering::Greater => Operation::Insert,
    }
}
