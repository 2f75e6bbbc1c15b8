//! The whole reasoning about one object, as a value: who reaches it, as whom, what filters them.

mod commands;
mod others;
mod relation;
mod subject;
mod ways;

use serde::Serialize;

use super::engine::Engine;
use super::grants::Grant;
use crate::finding::{Class, Coverage, Finding, Operation, Verdict};
use crate::tenancy::Tenancy;
pub use subject::Subject;

/// What is known about one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Spelled as in findings.
    pub object: String,
    /// `table`, `view`, `function`, `role` and so on.
    pub kind: &'static str,
    /// What it is, a sentence each without a full stop.
    pub facts: Vec<String>,
    /// Which privileges the application holds on it, and from where.
    pub grants: Vec<Grant>,
    /// Every way from the login that leads to it, or through it to tenants' rows.
    pub paths: Vec<Way>,
    /// For a table: what filters each command.
    pub commands: Vec<Command>,
    /// For a tenant table: which indexes serve the policies' condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexes: Option<String>,
}

/// One way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// From the login on, as in a finding's path.
    pub steps: Vec<String>,
    /// The role that the rows are read as; `None` where more than one is.
    #[serde(rename = "as")]
    pub role: Option<String>,
    /// Whether policies bind that role there.
    pub bound: bool,
    /// What is known; `None` where no tenants' rows are at its end.
    pub verdict: Option<Verdict>,
    /// Why, as a sentence without a full stop.
    pub reason: String,
}

/// One predicate that a command has to pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Command {
    /// `select`, `insert`, `update`, `delete`.
    pub operation: &'static str,
    /// Which rows the predicate decides about.
    pub rows: &'static str,
    /// Whether the application holds the privilege.
    pub allowed: bool,
    /// Every policy of the table.
    pub policies: Vec<PolicyUse>,
    /// Permissive ones OR-ed, restrictive ones AND-ed, a line each.
    pub predicate: Vec<String>,
    /// What the proof says; `None` where there is no tenant to prove it for.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: String,
    /// For *unproven*: the part that stopped the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// For *leaking*: what passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Counterexample>,
}

/// A policy, and whether a command asks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyUse {
    /// Quoted where PostgreSQL would.
    pub name: String,
    /// PERMISSIVE, or RESTRICTIVE.
    pub permissive: bool,
    /// Whether it applies.
    pub applies: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// A row that passes and should not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The session: its context, and what else it has set.
    pub session: Vec<String>,
    /// The row's columns.
    pub row: Vec<String>,
    /// The policies that let it through, quoted where PostgreSQL would.
    pub policies: Vec<String>,
    /// Paste it into psql as an administrator; it leaves nothing behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// What the whole audit said, of which an explanation quotes its object's part.
#[derive(Clone, Copy, Debug)]
pub struct Audited<'r> {
    /// Findings that stand.
    pub findings: &'r [Finding],
    /// The verdict on each (object, operation).
    pub coverage: &'r [Coverage],
}

/// Explains one object of a snapshot: pure.
pub fn explain(tenancy: &Tenancy<'_>, subject: Subject, audited: Audited<'_>) -> Explanation {
    let engine = Engine::new(tenancy);
    match subject {
        Subject::Relation(oid) => relation::explain(&engine, oid, audited),
        Subject::Function(oid) => others::function(&engine, oid, audited),
        Subject::Role(oid) => others::role(&engine, oid),
    }
}

impl Explanation {
    /// Whether a finding is about the object, leads through it, or is about a role as which it
    /// leaks.
    pub fn concerns(&self, finding: &Finding) -> bool {
        let leaks = |way: &&Way| way.verdict == Some(Verdict::Leaking);
        let mut ways = self.paths.iter().filter(leaks);
        concerns(finding, &self.object)
            || (finding.class == Class::Role
                && ways.any(|way| is_named(&way.steps, &finding.object)))
    }
}

/// Whether a finding is about an object, or leads through it.
fn concerns(finding: &Finding, object: &str) -> bool {
    finding.object == object || is_named(&finding.path, object)
}

/// Whether a step names an object. Every path begins with the login, which says nothing.
fn is_named(steps: &[String], object: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.');
    steps.iter().skip(1).any(|step| {
        step.match_indices(object).any(|(at, _)| {
            let before = step[..at].chars().next_back();
            let after = step[at + object.len()..].chars().next();
            !before.is_some_and(word) && !after.is_some_and(word)
        })
    })
}

impl Audited<'_> {
    /// The worst that is known of an object, and why.
    fn verdict(&self, object: &str) -> Option<(Verdict, String)> {
        let of_object = self.coverage.iter().filter(|row| row.object == object);
        let worst = of_object.max_by_key(|row| row.verdict)?;
        Some((worst.verdict, worst.reason.clone()))
    }

    /// What is known of reading it.
    fn reading(&self, object: &str) -> Option<(Verdict, String)> {
        let mut rows = self.coverage.iter();
        let row = rows.find(|row| row.object == object && row.operation == Operation::Select)?;
        Some((row.verdict, row.reason.clone()))
    }

    /// The verdict on each operation, in a line.
    fn each(&self, object: &str) -> String {
        let of_object = self.coverage.iter().filter(|row| row.object == object);
        let words = of_object.map(|row| format!("{} {}", row.operation.word(), row.verdict.word()));
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn a_finding_concerns_what_its_path_goes_through() {
        let finding = Finding {
            check: "view-bypasses-rls".into(),
            class: Class::View,
            severity: Severity::Critical,
            object: "public.v".into(),
            message: String::new(),
            path: vec![
                "app".into(),
                "SELECT on public.v".into(),
                "public.orders".into(),
            ],
            evidence: None,
            fix: None,
        };
        assert!(concerns(&finding, "public.v") && concerns(&finding, "public.orders"));
        assert!(!concerns(&finding, "public.order") && !concerns(&finding, "c.v"));
        // Every path begins with the login: that alone makes it nobody's.
        assert!(!concerns(&finding, "app"));
    }
}
