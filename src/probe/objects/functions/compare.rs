//! The same calls in one snapshot, with a new row of the other organization's and without: an answer that differs
//! tells of that row, be it a count, a truth value or an error.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::super::arena::Arena;
use super::super::staged::{self, Rows, Victims};
use super::super::{Collected, Stage};
use super::calls::{self, Told};
use super::targets::Target;
use super::{Attempted, Trial, arguments};
use crate::catalog::Oid;
use crate::finding::{Operation, Severity};

/// Calls with one set of arguments, as the attacker twice and as the victim.
struct Answers {
    sql: String,
    attacker: Told,
    again: Told,
    victim: Told,
}

/// Calls with the row, and without.
pub(super) async fn attack(
    stage: &Stage<'_, '_>,
    (target, tables): (&Target<'_>, &BTreeSet<Oid>),
    collected: &mut Collected,
    attempted: &mut Attempted,
) -> Result<()> {
    let snapshot = stage.world.tenancy.snapshot;
    let open = |oid: &Oid| {
        let name = snapshot.relations[oid].qualified();
        collected.ledger.leaks(&name, Operation::Select)
    };
    // What its caller may read anyway tells nothing about a function with its caller's own rights.
    if tables.is_empty() || (target.reading.is_none() && tables.iter().any(open)) {
        return Ok(());
    }
    let ((), attempts) = staged::transaction(stage, async |arena| {
        let mut victims = staged::rows(stage, arena, (tables, Rows::New)).await?;
        if victims.rows.is_empty() || stage.become_app(arena).await?.is_err() {
            return Ok(());
        }
        victims.markers.0.extend(collected.b.0.iter().cloned());
        let mut trial = Trial {
            stage,
            target,
            victims: &victims,
            collected,
            attempted,
        };
        trial.compare(arena).await
    })
    .await?;
    collected.attempts += attempts;
    Ok(())
}

impl Trial<'_, '_, '_> {
    async fn compare(&mut self, arena: &mut Arena<'_>) -> Result<()> {
        let with = self.answers(arena).await?;
        let made = arena.prologue.clone();
        arena.start_over().await?;
        if self.stage.become_app(arena).await?.is_err() {
            return Ok(());
        }
        let world = self.stage.world;
        for there in with {
            let sql = there.sql;
            let mut without = Vec::new();
            for who in [world.as_a(), world.as_a(), world.as_b()] {
                without.push(self.once(arena, (who, &sql)).await?);
            }
            self.attempted.control |=
                there.victim.text() != without[2].text() && !without[2].timed_out;
            let stable = there.attacker == there.again && without[0] == without[1];
            if stable && there.attacker != without[0] && !without[0].timed_out {
                arena.prologue.clone_from(&made);
                let message = "answers differently once another organization has a row: it tells what is there";
                let told = (Operation::Select, Severity::Medium, message.to_owned());
                self.leak(arena, told, &[(world.as_a(), &sql)]);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Calls with the row there; what is recognised ends it.
    async fn answers(&mut self, arena: &mut Arena<'_>) -> Result<Vec<Answers>> {
        let world = self.stage.world;
        let victims: &Victims = self.victims;
        let mut answers = Vec::new();
        for given in arguments::sets(self.target, world, &victims.rows) {
            if self.attempted.is_tired() {
                break;
            }
            let sql = calls::statement(self.target, &given);
            let mut told = Vec::new();
            for who in [world.as_a(), world.as_a(), world.as_b()] {
                told.push(self.once(arena, (who, &sql)).await?);
            }
            self.attempted.calls += 2;
            if self.judge(arena, (world.as_a(), &sql), &told[0]).await? {
                return Ok(Vec::new());
            }
            self.attempted.control |= self.recognised(&sql, &told[2].text()).await?.is_some();
            let mut told = told.into_iter();
            let mut next = || told.next().unwrap_or_default();
            answers.push(Answers {
                attacker: next(),
                again: next(),
                victim: next(),
                sql,
            });
        }
        Ok(answers)
    }
}
