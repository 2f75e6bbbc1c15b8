//! What audit and probe say of a database, and what of it is new: that kills a mutant.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::mutant::Mutant;
use crate::audit::{self, Selection};
use crate::catalog;
use crate::check::Check;
use crate::finding::{By, Coverage, Finding, Severity, Verdict};
use crate::probe;
use crate::session::conninfo::Target;
use crate::session::{Connector, Purpose};
use crate::settings::Settings;
use crate::tenancy::Tenancy;

/// What the two commands said.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) audit: Vec<Finding>,
    pub(super) probe: Vec<Finding>,
    pub(super) coverage: Vec<Coverage>,
    /// What a reader of the two reports is told besides.
    pub(super) unfinished: Vec<audit::Unfinished>,
}

/// How a database is judged.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) settings: std::sync::Arc<Settings>,
    pub(super) checks: std::sync::Arc<Vec<Check>>,
}

impl Judge {
    /// Runs audit and probe as the commands do.
    pub(super) async fn ask(&self, target: Target) -> Result<Said> {
        let connector = Connector::new(target)?;
        let session = connector.open(Purpose::Read).await?;
        catalog::begin(&session).await?;
        let snapshot = catalog::load(&session).await?;
        let tenancy = Tenancy::resolve(&snapshot, &self.settings)?;
        let audited = audit::run(
            (&session, &connector),
            &tenancy,
            &self.checks,
            &Selection::default(),
        )
        .await
        .context("audit did not finish")?;
        session.close().await;
        let probed = probe::run(probe::Setup {
            admin: &connector,
            app: None,
            tenancy: &tenancy,
            organizations: None,
            read_only: false,
            // It is a copy: nothing that a function does matters.
            call_volatile: true,
            login: false,
            records: None,
            fire_triggers: false,
            progress: &|_, _| {},
        })
        .await
        .context("probe did not finish")?;
        let mut coverage = audited.coverage;
        coverage.extend(probed.coverage);
        Ok(Said {
            audit: audited.findings,
            probe: probed.findings,
            coverage,
            unfinished: audited.unfinished,
        })
    }
}

/// The findings of a database before it was broken: the worst severity of each.
pub(super) struct Baseline {
    audit: BTreeMap<(String, String), Severity>,
    probe: BTreeMap<(String, String), Severity>,
}

/// What one of the two commands makes of a mutant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// `check at object`: what kills it.
    pub(super) killed: Option<String>,
    /// New findings that do not count: too mild, or somewhere else.
    pub(super) beside: Vec<String>,
}

impl Baseline {
    pub(super) fn new(said: &Said) -> Self {
        let worst = |findings: &[Finding]| {
            let mut worst = BTreeMap::new();
            for finding in findings {
                let key = (finding.check.clone(), finding.object.clone());
                let known = worst.entry(key).or_insert(finding.severity);
                *known = finding.severity.max(*known);
            }
            worst
        };
        Self {
            audit: worst(&said.audit),
            probe: worst(&said.probe),
        }
    }

    /// What is new, and whether it kills.
    pub(super) fn heard(&self, by: By, mutant: &Mutant, findings: &[Finding]) -> Heard {
        let known = match by {
            By::Audit => &self.audit,
            By::Probe => &self.probe,
        };
        let mut heard = Heard::default();
        for finding in findings {
            let key = (finding.check.clone(), finding.object.clone());
            if known.get(&key).is_some_and(|old| *old >= finding.severity) {
                continue;
            }
            let words = format!("{} at {}", finding.check, finding.object);
            if finding.severity >= mutant.kind.floor && mutant.counts(&finding.object) {
                heard.killed.get_or_insert(words);
            } else {
                heard
                    .beside
                    .push(format!("{words} ({})", finding.severity.word()));
            }
        }
        heard
    }
}

/// Objects that leak, whoever says so.
pub(super) fn leaking(coverage: &[Coverage]) -> std::collections::BTreeSet<String> {
    coverage
        .iter()
        .filter(|row| row.verdict == Verdict::Leaking)
        .map(|row| row.object.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Class;
    use crate::mutants::kind::RLS_OFF;

    fn finding(check: &str, object: &str, severity: Severity) -> Finding {
        Finding {
            check: check.to_owned(),
            class: Class::Policy,
            severity,
            object: object.to_owned(),
            message: String::new(),
            path: Vec::new(),
            evidence: None,
            fix: None,
        }
    }

    #[test]
    fn only_what_is_new_and_bad_and_there_kills() {
        let baseline = Baseline::new(&Said {
            audit: vec![
                finding("a", "public.t", Severity::Low),
                finding("b", "public.t", Severity::High),
            ],
            ..Said::default()
        });
        let mutant = Mutant::new(&RLS_OFF, "public.t".to_owned(), Vec::new());
        let heard = |findings: &[Finding]| baseline.heard(By::Audit, &mutant, findings);
        let known = finding("b", "public.t", Severity::High);
        assert_eq!(heard(&[known]), Heard::default());
        let elsewhere = heard(&[finding("c", "public.other", Severity::High)]);
        assert_eq!(elsewhere.killed, None);
        assert_eq!(elsewhere.beside, ["c at public.other (high)"]);
        let mild = heard(&[finding("c", "public.t", Severity::Low)]);
        assert_eq!(mild.killed, None);
        let worse = heard(&[finding("a", "public.t", Severity::Critical)]);
        assert_eq!(worse.killed.as_deref(), Some("a at public.t"));
    }
}
