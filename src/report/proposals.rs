//! What only the team can decide about: as text, and in JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::plan::{Plan, Proposal};
use crate::session::quote::printable;

/// JSON, version 1.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    object: &'a str,
    why: &'a str,
    statements: &'a [String],
}

pub(super) fn rows(plan: &Plan) -> Vec<Row<'_>> {
    plan.proposals.iter().map(row).collect()
}

fn row(proposal: &Proposal) -> Row<'_> {
    Row {
        id: &proposal.id,
        object: &proposal.object,
        why: &proposal.why,
        statements: &proposal.statements,
    }
}

/// One line each; the statements are in the other formats.
pub(super) fn lines(plan: &Plan, out: &mut String) {
    for proposal in &plan.proposals {
        let _ = writeln!(
            out,
            "proposed, not applied: {}: {}",
            printable(&proposal.id),
            printable(&proposal.why)
        );
    }
    if !plan.proposals.is_empty() {
        out.push_str(
            "the SQL of proposals: tenantctl plan --constraints --format sql; to make one: tenantctl \
             apply --constraint ID\n",
        );
    }
}

pub(super) fn markdown(plan: &Plan, out: &mut String) {
    for proposal in &plan.proposals {
        let _ = writeln!(
            out,
            "\n## Proposed: {}\n\n{}\n\n```sql",
            printable(&proposal.id),
            printable(&proposal.why)
        );
        for statement in &proposal.statements {
            let _ = writeln!(out, "{statement};");
        }
        out.push_str("```\n");
    }
}

/// As comments of a script: a line end in a name must not end the comment.
pub(super) fn comments(plan: &Plan, out: &mut String) {
    for proposal in &plan.proposals {
        let _ = writeln!(
            out,
            "\n-- proposed, not applied: {}\n-- {}",
            printable(&proposal.id),
            printable(&proposal.why)
        );
        for statement in &proposal.statements {
            for line in format!("{statement};").lines() {
                let _ = writeln!(out, "-- {}", printable(line));
            }
        }
    }
}
