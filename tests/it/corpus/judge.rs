//! What one command says of a case, compared with the truth.

use serde_json::Value;
use tenantctl::finding::{Class, Severity};

use super::case::{Case, Detect, Truth};
use crate::support::Outcome;

/// A command's judgement of a case, in the words of the corpus' README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A leak, at an object of the case, of its class.
    Found,
    /// A leak at an object of the case, of another class.
    Misnamed,
    /// A leak, at other objects.
    Misplaced,
    /// That it is clean, of a leak.
    Missed,
    /// That it is clean, and so it is.
    Right,
    /// That it leaks, of a clean case.
    FalseAlarm,
    /// That it cannot tell.
    Unproven,
    /// Nothing: it did not finish.
    Failed,
}

impl Said {
    /// The word in `expected.toml`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Misnamed => "misnamed",
            Self::Misplaced => "misplaced",
            Self::Missed => "missed",
            Self::Right => "right",
            Self::FalseAlarm => "false alarm",
            Self::Unproven => "unproven",
            Self::Failed => "failed",
        }
    }
}

/// Without quotes, case and a function's arguments.
fn bare(name: &str) -> String {
    let name = name.split('(').next().unwrap_or_default();
    name.replace('"', "").to_lowercase()
}

/// The findings of a report that count, as (object, class).
fn counted(case: &Case, report: &Value) -> Vec<(String, String)> {
    let threshold = fail_on(case);
    let severity = |row: &Value| serde_json::from_value::<Severity>(row["severity"].clone());
    let findings = report["findings"].as_array().unwrap().iter();
    let counted = findings.filter(|row| severity(row).unwrap() >= threshold);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    counted
        .map(|row| (bare(&text(&row["object"])), text(&row["class"])))
        .collect()
}

/// The severity from which a finding counts: a leak that is itself low asks for low.
pub(super) fn fail_on(case: &Case) -> Severity {
    if case.verdict == Truth::Leak {
        case.severity.min(Severity::Medium)
    } else {
        Severity::Medium
    }
}

/// What a run says of its case.
pub(super) fn judge(case: &Case, run: &Outcome, named: impl Fn(Class) -> bool) -> Said {
    match (case.verdict, run.code) {
        (Truth::Clean, Some(0)) => Said::Right,
        (Truth::Clean, Some(1)) => Said::FalseAlarm,
        (Truth::Leak, Some(0)) => Said::Missed,
        (Truth::Leak, Some(1)) => {
            let objects: Vec<String> = case.objects.iter().map(|object| bare(object)).collect();
            let findings = counted(case, &run.json());
            let here: Vec<_> = findings
                .iter()
                .filter(|(object, _)| objects.contains(object))
                .collect();
            if here.is_empty() {
                Said::Misplaced
            } else if here.iter().any(|(_, class)| {
                serde_json::from_value(Value::from(class.as_str())).is_ok_and(&named)
            }) {
                Said::Found
            } else {
                Said::Misnamed
            }
        }
        (_, Some(4)) => Said::Unproven,
        _ => Said::Failed,
    }
}

/// A run in a few lines: its code, its findings, what it did not prove, what it told the terminal.
pub(super) fn outline(run: &Outcome) -> String {
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    let mut lines = vec![format!("exit {:?}", run.code)];
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("?").to_owned();
    for row in report["findings"].as_array().into_iter().flatten() {
        lines.push(
            ["severity", "class", "check", "object"]
                .map(|key| text(row, key))
                .join(" "),
        );
    }
    for row in report["coverage"].as_array().into_iter().flatten() {
        if row["verdict"] == "unproven" {
            let parts = ["verdict", "operation", "object", "reason"];
            lines.push(parts.map(|key| text(row, key)).join(" "));
        }
    }
    lines.extend(run.stderr.lines().map(str::to_owned));
    lines.join("\n  ")
}

/// What a command owes: a verdict on what it can see, silence about what is clean.
pub(super) fn owed(case: &Case, by: Detect) -> Option<Said> {
    match case.verdict {
        Truth::Clean => Some(Said::Right),
        Truth::Leak => case.detect.contains(&by).then_some(Said::Found),
    }
}
