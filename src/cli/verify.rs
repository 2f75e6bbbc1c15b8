//! `tenantctl verify`

use std::collections::BTreeMap;

use anyhow::Result;

use super::Context;
use super::audit::{self, Choose, Gate};
use super::probe::Attack;
use crate::audit::{Unfinished, accept, order};
use crate::exit::Code;
use crate::finding::{Coverage, Operation, Verdict};
use crate::probe;
use crate::report::{Report, Sharing};
use crate::tenancy::Tenancy;

/// Audit and probe, one verdict: the gate for CI
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    gate: Gate,
    #[command(flatten)]
    choose: Choose,
    #[command(flatten)]
    attack: Attack,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        self.attack.organizations()?;
        let settings = context.settings()?;
        let (checks, selection) = self.choose.checks()?;
        let output = context.output()?;
        let admin = context.connector()?;
        let (session, snapshot) = audit::snapshot_at(context, &admin).await?;
        let tenancy = Tenancy::resolve(&snapshot, &settings)?;
        let audited = crate::audit::run((&session, &admin), &tenancy, &checks, &selection).await?;
        session.close().await;
        let mut unfinished = audited.unfinished;
        let (mut findings, mut rows) = (audited.findings, audited.coverage);
        let mut notes: Vec<String> = selection.note(checks.len()).into_iter().collect();
        let mut sharing = Sharing::default();
        if tenancy.app.is_some() {
            let (outcome, shared) = self.attack.run(context, &admin, &tenancy).await?;
            unfinished.extend(shared.unfinished());
            sharing = shared;
            findings.extend(outcome.findings);
            rows.extend(outcome.coverage);
            notes.extend(outcome.notes);
        } else {
            unfinished.push(Unfinished {
                check: "probe".into(),
                reason: "the application role does not exist, so nobody could attack as it".into(),
            });
        }
        let ran = |id: &str| {
            id.starts_with(probe::PREFIX)
                || (selection.takes(id) && !unfinished.iter().any(|check| check.check == id))
        };
        let (mut findings, accepted) =
            accept(findings, &settings.allow, &snapshot.server.today, &ran);
        order(&mut findings);
        let report = Report {
            command: "verify",
            target: audit::target(&snapshot, &settings),
            findings,
            accepted,
            coverage: combine(rows),
            unfinished,
            notes,
            sharing,
            ..Report::default()
        };
        report.write(self.gate.format, self.gate.details, output)?;
        Ok(report.exit_code(self.gate.fail_on, self.gate.allow_unproven))
    }
}

/// One row an (object, operation): a leak decides; else a proof, else an attack that was held; what
/// neither could tell stays unproven.
fn combine(rows: Vec<Coverage>) -> Vec<Coverage> {
    let weight = |row: &Coverage| match row.verdict {
        Verdict::Leaking => 0,
        Verdict::Proved => 1,
        Verdict::Held => 2,
        Verdict::Unproven => 3,
    };
    let mut best: BTreeMap<(String, Operation), Coverage> = BTreeMap::new();
    for row in rows {
        let key = (row.object.clone(), row.operation);
        match best.get(&key) {
            Some(known) if weight(known) <= weight(&row) => {}
            _ => {
                best.insert(key, row);
            }
        }
    }
    best.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::By;

    fn row(by: By, verdict: Verdict) -> Coverage {
        Coverage {
            object: "public.a".into(),
            operation: Operation::Select,
            verdict,
            by,
            reason: String::new(),
            cause: None,
        }
    }

    #[test]
    fn what_one_cannot_tell_the_other_decides() {
        let both = |a, b| combine(vec![row(By::Audit, a), row(By::Probe, b)])[0].verdict;
        assert_eq!(both(Verdict::Unproven, Verdict::Held), Verdict::Held);
        assert_eq!(both(Verdict::Proved, Verdict::Unproven), Verdict::Proved);
        assert_eq!(
            both(Verdict::Unproven, Verdict::Unproven),
            Verdict::Unproven
        );
        assert_eq!(both(Verdict::Proved, Verdict::Leaking), Verdict::Leaking);
    }
}
