//! A report as a value: what was found, the verdict, the exit code.

use crate::audit::explain::Explanation;
use crate::audit::{Accepted, Unfinished};
use crate::exit::Code;
use crate::finding::{Coverage, Finding, Severity, Verdict};
use crate::mutants::SelfTest;
use crate::probe::Interleaved;
use crate::probe::pooler::Pooled;

/// Everything that a sink may want to write.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// `audit`, `probe` or `verify`.
    pub command: &'static str,
    /// What was looked at.
    pub target: Target,
    /// Findings that stand, worst first.
    pub findings: Vec<Finding>,
    /// Findings that `[[allow]]` hides.
    pub accepted: Vec<Accepted>,
    /// The verdict on each (object, operation).
    pub coverage: Vec<Coverage>,
    /// Checks that could not look.
    pub unfinished: Vec<Unfinished>,
    /// What the reader should know about how it was found out.
    pub notes: Vec<String>,
    /// The whole reasoning about one object, where the report is about one.
    pub explanation: Option<Explanation>,
    /// What became of the mutants; everything else in the report is then about the unbroken copy.
    pub self_test: Option<SelfTest>,
    /// Connections that organizations share.
    pub sharing: Sharing,
}

/// What came of organizations that share connections.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// In a pool of our own; `None` where no table has rows of both.
    pub interleaved: Option<Interleaved>,
    /// Through a pooler.
    pub pooled: Option<Pooled>,
}

impl Sharing {
    /// A pooler of which nothing can be told.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        let why = self
            .pooled
            .as_ref()
            .and_then(|pooled| pooled.unproven.clone());
        why.into_iter()
            .map(|reason| Unfinished {
                check: "probe-pooler".to_owned(),
                reason,
            })
            .collect()
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Database.
    pub database: String,
    /// `server_version`.
    pub server_version: String,
    /// The application's role.
    pub app_role: String,
}

/// The verdict on the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overall {
    /// No path, everything proved or held.
    Isolated,
    /// A path is open.
    Leaking,
    /// Nothing leaked, something stays unproven.
    Unproven,
}

impl Overall {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Leaking => "leaking",
            Self::Unproven => "unproven",
        }
    }
}

impl Report {
    /// The part of the report that is about one object: its verdict and exit code are then the
    /// object's. What could not look stays: it may have been about this one.
    #[must_use]
    pub fn about(mut self, explanation: Explanation) -> Self {
        let object = &explanation.object;
        self.coverage.retain(|row| row.object == *object);
        let rows = &self.coverage;
        let concerns = |finding: &Finding| {
            // A leak may follow from a finding elsewhere, at the role for instance.
            let explains = |row: &Coverage| {
                let cause = row.cause.as_ref();
                cause.is_some_and(|at| at.check == finding.check && at.object == finding.object)
            };
            explanation.concerns(finding) || rows.iter().any(explains)
        };
        self.findings.retain(concerns);
        self.accepted.retain(|accepted| concerns(&accepted.finding));
        self.notes.push(format!(
            "the verdict is about {object}, not about the database"
        ));
        self.explanation = Some(explanation);
        self
    }

    /// The verdict, blind to `--fail-on`: severities from medium up are open paths by definition.
    pub fn overall(&self) -> Overall {
        if self.leaks()
            || self
                .findings
                .iter()
                .any(|finding| finding.severity >= Severity::Medium)
        {
            Overall::Leaking
        } else if self.is_unproven() {
            Overall::Unproven
        } else {
            Overall::Isolated
        }
    }

    /// The exit code: the same for every format.
    pub fn exit_code(&self, fail_on: Severity, allow_unproven: bool) -> Code {
        if self.leaks()
            || self
                .findings
                .iter()
                .any(|finding| finding.severity >= fail_on)
        {
            Code::Findings
        } else if self.is_unproven() && !allow_unproven {
            Code::Unproven
        } else {
            Code::Done
        }
    }

    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// How many coverage rows have a verdict.
    pub fn covered(&self, verdict: Verdict) -> usize {
        self.coverage
            .iter()
            .filter(|row| row.verdict == verdict)
            .count()
    }

    /// Whether a leak stands that nobody accepted.
    fn leaks(&self) -> bool {
        self.coverage
            .iter()
            .any(|row| row.verdict == Verdict::Leaking && !self.is_accepted(row))
    }

    /// Whether the finding that a leaking row follows from was accepted.
    pub fn is_accepted(&self, row: &Coverage) -> bool {
        row.cause.as_ref().is_some_and(|cause| {
            self.accepted.iter().any(|accepted| {
                accepted.finding.check == cause.check && accepted.finding.object == cause.object
            })
        })
    }

    fn is_unproven(&self) -> bool {
        !self.unfinished.is_empty() || self.covered(Verdict::Unproven) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{By, Cause, Class, Operation};

    fn finding(severity: Severity) -> Finding {
        Finding {
            check: "c".into(),
            class: Class::Role,
            severity,
            object: "o".into(),
            message: String::new(),
            path: vec![],
            evidence: None,
            fix: None,
        }
    }

    fn row(verdict: Verdict) -> Coverage {
        Coverage {
            object: "o".into(),
            operation: Operation::Select,
            verdict,
            by: By::Audit,
            reason: String::new(),
            cause: Some(Cause {
                check: "c".into(),
                object: "o".into(),
            }),
        }
    }

    #[test]
    fn a_leak_is_1_whatever_the_threshold() {
        let report = Report {
            coverage: vec![row(Verdict::Leaking)],
            ..Report::default()
        };
        assert_eq!(report.exit_code(Severity::Critical, false), Code::Findings);
        assert_eq!(report.overall(), Overall::Leaking);
    }

    #[test]
    fn an_accepted_finding_accepts_its_rows() {
        let report = Report {
            coverage: vec![row(Verdict::Leaking)],
            accepted: vec![Accepted {
                finding: finding(Severity::High),
                reason: "r".into(),
            }],
            ..Report::default()
        };
        assert_eq!(report.exit_code(Severity::Medium, false), Code::Done);
    }

    #[test]
    fn thresholds_and_unproven() {
        let low = Report {
            findings: vec![finding(Severity::Low)],
            ..Report::default()
        };
        assert_eq!(low.exit_code(Severity::Medium, false), Code::Done);
        assert_eq!(low.exit_code(Severity::Low, false), Code::Findings);
        assert_eq!(low.overall(), Overall::Isolated);
        let unproven = Report {
            coverage: vec![row(Verdict::Unproven)],
            ..Report::default()
        };
        assert_eq!(unproven.exit_code(Severity::Medium, false), Code::Unproven);
        assert_eq!(unproven.exit_code(Severity::Medium, true), Code::Done);
        let blind = Report {
            unfinished: vec![Unfinished {
                check: "c".into(),
                reason: String::new(),
            }],
            ..Report::default()
        };
        assert_eq!(blind.exit_code(Severity::Medium, false), Code::Unproven);
    }
}
