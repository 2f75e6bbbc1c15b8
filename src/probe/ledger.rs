//! What the attacks came to: findings, and one verdict for each (object, operation).

use std::collections::BTreeMap;

use crate::finding::{By, Cause, Coverage, Finding, Operation, Verdict};

/// Collects marks while attacks run; the worst one of an (object, operation) is its verdict.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    findings: Vec<Finding>,
    marks: BTreeMap<(String, Operation), Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    held: usize,
    held_because: Option<String>,
    unproven: Option<String>,
    leaking: Option<(String, String)>,
    notes: Vec<String>,
}

impl Ledger {
    /// An attack was made and nothing came through.
    pub(super) fn held(&mut self, object: &str, operation: Operation) {
        self.marks(object, operation).held += 1;
    }

    /// Nothing can come through, for this reason.
    pub(super) fn held_because(&mut self, object: &str, operation: Operation, why: String) {
        let marks = self.marks(object, operation);
        marks.held_because.get_or_insert(why);
    }

    /// Nothing can be told; the first reason is kept.
    pub(super) fn unproven(&mut self, object: &str, operation: Operation, why: String) {
        let marks = self.marks(object, operation);
        marks.unproven.get_or_insert(why);
    }

    /// What has to be said beside the verdict, such as what was judged instead of tried.
    pub(super) fn note(&mut self, object: &str, operation: Operation, what: String) {
        let notes = &mut self.marks(object, operation).notes;
        if !notes.contains(&what) {
            notes.push(what);
        }
    }

    /// Something came through. One finding for each check and object: the worst.
    pub(super) fn leak(&mut self, operation: Option<Operation>, finding: Finding) {
        if let Some(operation) = operation {
            let marks = self.marks(&finding.object, operation);
            marks
                .leaking
                .get_or_insert((finding.message.clone(), finding.check.clone()));
        }
        let same = |old: &&mut Finding| old.check == finding.check && old.object == finding.object;
        match self.findings.iter_mut().find(same) {
            Some(old) if old.severity < finding.severity => *old = finding,
            Some(_) => {}
            None => self.findings.push(finding),
        }
    }

    /// Says how to close what a check found at an object.
    pub(super) fn mend(&mut self, check: &str, object: &str, fix: &str) {
        let found = self.findings.iter_mut();
        for finding in found.filter(|found| found.check == check && found.object == object) {
            finding.fix = Some(fix.to_owned());
        }
    }

    /// Whether something came through already.
    pub(super) fn leaks(&self, object: &str, operation: Operation) -> bool {
        self.marks
            .get(&(object.to_owned(), operation))
            .is_some_and(|marks| marks.leaking.is_some())
    }

    /// Whether all that is known is that nothing can be told.
    pub(super) fn is_unproven(&self, object: &str, operation: Operation) -> bool {
        self.marks
            .get(&(object.to_owned(), operation))
            .is_some_and(|marks| marks.leaking.is_none() && marks.unproven.is_some())
    }

    /// Whether something can be told.
    pub(super) fn is_conclusive(&self, object: &str, operation: Operation) -> bool {
        self.marks
            .get(&(object.to_owned(), operation))
            .is_some_and(|marks| marks.leaking.is_some() || marks.unproven.is_none())
    }

    /// Whether something came through by any operation.
    pub(super) fn leaks_at_all(&self, object: &str) -> bool {
        Operation::ALL
            .into_iter()
            .any(|operation| self.leaks(object, operation))
    }

    /// The statements that repeat the first leak of an object.
    pub(super) fn evidence_of(&self, object: &str) -> Option<String> {
        self.findings
            .iter()
            .find(|finding| finding.object == object)?
            .evidence
            .clone()
    }

    /// Adds what another ledger holds.
    pub(super) fn absorb(&mut self, other: Self) {
        for finding in other.findings {
            self.leak(None, finding);
        }
        self.marks.extend(other.marks);
    }

    /// The findings, worst first, and the coverage by object.
    pub(super) fn close(mut self, suffix: &str) -> (Vec<Finding>, Vec<Coverage>) {
        self.findings.sort_by(|a, b| {
            (b.severity, &a.object, &a.check).cmp(&(a.severity, &b.object, &b.check))
        });
        let coverage = self
            .marks
            .into_iter()
            .map(|((object, operation), marks)| marks.verdict(object, operation, suffix))
            .collect();
        (self.findings, coverage)
    }

    fn marks(&mut self, object: &str, operation: Operation) -> &mut Marks {
        self.marks
            .entry((object.to_owned(), operation))
            .or_default()
    }
}

impl Marks {
    fn verdict(self, object: String, operation: Operation, suffix: &str) -> Coverage {
        let (verdict, reason, cause): (_, String, _) = match (self.leaking, self.unproven) {
            (Some((message, check)), _) => {
                let object = object.clone();
                (Verdict::Leaking, message, Some(Cause { check, object }))
            }
            (None, Some(why)) => (Verdict::Unproven, why, None),
            (None, None) => {
                let reason = match (self.held_because, self.held) {
                    (Some(why), _) => why,
                    (None, 1) => format!("1 attack{suffix}, nothing came through"),
                    (None, n) => format!("{n} attacks{suffix}, nothing came through"),
                };
                (Verdict::Held, reason, None)
            }
        };
        let notes = self.notes.into_iter();
        let reason = std::iter::once(reason).chain(notes).collect::<Vec<_>>();
        Coverage {
            object,
            operation,
            verdict,
            by: By::Probe,
            reason: reason.join("; "),
            cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Class, Severity};

    fn finding(severity: Severity) -> Finding {
        Finding {
            check: "probe-read".to_owned(),
            class: Class::Policy,
            severity,
            object: "public.t".to_owned(),
            message: format!("{} message", severity.word()),
            path: Vec::new(),
            evidence: None,
            fix: None,
        }
    }

    #[test]
    fn the_worst_mark_is_the_verdict() {
        let mut ledger = Ledger::default();
        ledger.held("public.t", Operation::Select);
        ledger.held("public.t", Operation::Select);
        ledger.held("public.t", Operation::Insert);
        ledger.unproven("public.t", Operation::Insert, "no row".to_owned());
        ledger.unproven("public.t", Operation::Update, "no row".to_owned());
        ledger.leak(Some(Operation::Update), finding(Severity::High));
        let (findings, coverage) = ledger.close("");
        assert_eq!(findings.len(), 1);
        let rows: Vec<_> = coverage
            .iter()
            .map(|row| (row.operation, row.verdict, row.reason.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                (
                    Operation::Select,
                    Verdict::Held,
                    "2 attacks, nothing came through"
                ),
                (Operation::Insert, Verdict::Unproven, "no row"),
                (Operation::Update, Verdict::Leaking, "high message"),
            ]
        );
        assert_eq!(
            coverage[2].cause,
            Some(Cause {
                check: "probe-read".to_owned(),
                object: "public.t".to_owned()
            })
        );
    }

    #[test]
    fn one_finding_for_a_check_and_object_the_worst() {
        let mut ledger = Ledger::default();
        ledger.leak(None, finding(Severity::High));
        ledger.leak(None, finding(Severity::Critical));
        ledger.leak(None, finding(Severity::Medium));
        let (findings, coverage) = ledger.close("");
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].severity, Severity::Critical);
        assert!(coverage.is_empty());
    }

    #[test]
    fn a_reason_beats_a_count() {
        let mut ledger = Ledger::default();
        ledger.held("public.t", Operation::Delete);
        ledger.held_because("public.t", Operation::Delete, "no DELETE".to_owned());
        assert_eq!(ledger.close("").1[0].reason, "no DELETE");
    }
}
