//! JSON, schema version 1. These structs are the contract; the internal ones are free to change.

use serde::Serialize;

use super::model::Report;
use super::self_test;
use crate::audit::explain::Explanation;
use crate::finding::{Coverage, Finding, Severity};
use crate::probe::Interleaved;
use crate::probe::pooler::Pooled;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u8,
    tool: Tool,
    command: &'a str,
    target: Target<'a>,
    verdict: &'static str,
    summary: Summary,
    findings: &'a [Finding],
    coverage: &'a [Coverage],
    accepted: Vec<Accepted<'a>>,
    unfinished: Vec<Unfinished<'a>>,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<&'a Explanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_test: Option<self_test::Document<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interleaved: Option<&'a Interleaved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pooler: Option<&'a Pooled>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Target<'a> {
    database: &'a str,
    server_version: &'a str,
    app_role: &'a str,
}

#[derive(Serialize)]
struct Summary {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
}

#[derive(Serialize)]
struct Accepted<'a> {
    check: &'a str,
    object: &'a str,
    severity: Severity,
    reason: &'a str,
}

#[derive(Serialize)]
struct Unfinished<'a> {
    check: &'a str,
    reason: &'a str,
}

/// The report as pretty-printed JSON with a final newline.
pub(super) fn text(report: &Report) -> String {
    let document = Document {
        schema_version: 1,
        tool: Tool {
            name: "tenantctl",
            version: env!("CARGO_PKG_VERSION"),
        },
        command: report.command,
        target: Target {
            database: &report.target.database,
            server_version: &report.target.server_version,
            app_role: &report.target.app_role,
        },
        verdict: report.overall().word(),
        summary: Summary {
            critical: report.count(Severity::Critical),
            high: report.count(Severity::High),
            medium: report.count(Severity::Medium),
            low: report.count(Severity::Low),
            info: report.count(Severity::Info),
        },
        findings: &report.findings,
        coverage: &report.coverage,
        accepted: report
            .accepted
            .iter()
            .map(|accepted| Accepted {
                check: &accepted.finding.check,
                object: &accepted.finding.object,
                severity: accepted.finding.severity,
                reason: &accepted.reason,
            })
            .collect(),
        unfinished: report
            .unfinished
            .iter()
            .map(|unfinished| Unfinished {
                check: &unfinished.check,
                reason: &unfinished.reason,
            })
            .collect(),
        notes: &report.notes,
        explain: report.explanation.as_ref(),
        self_test: report.self_test.as_ref().map(self_test::document),
        interleaved: report.sharing.interleaved.as_ref(),
        pooler: report.sharing.pooled.as_ref(),
    };
    super::pretty(&document)
}
