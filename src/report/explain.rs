//! One object for people: what it is, who reaches it, what filters them, what the proof says.

use std::fmt::Write;

use super::style;
use crate::audit::Grant;
use crate::audit::explain::{Command, Counterexample, Explanation, Way};
use crate::finding::Verdict;
use crate::session::quote::printable;

/// The explanation as text; the findings follow in the report's own words.
pub(super) fn text(explanation: &Explanation) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  {}",
        style::bold(&printable(&explanation.object)),
        explanation.kind
    );
    for fact in &explanation.facts {
        let _ = writeln!(out, "    {}", printable(fact));
    }
    if let Some(indexes) = &explanation.indexes {
        let _ = writeln!(out, "    indexes on {}", printable(indexes));
    }
    if explanation.kind != "role" {
        grants(&explanation.grants, &mut out);
    }
    ways(&explanation.paths, &mut out);
    commands(&explanation.commands, &mut out);
    out.push('\n');
    out
}

fn heading(text: &str, out: &mut String) {
    let _ = writeln!(out, "\n{}", style::bold(text));
}

fn grants(grants: &[Grant], out: &mut String) {
    heading("privileges", out);
    for grant in grants {
        let mut line = grant.privileges.join(", ");
        if !grant.columns.is_empty() {
            let _ = write!(line, " ({})", grant.columns.join(", "));
        }
        let _ = write!(line, "  {}", grant.source);
        if !grant.through.is_empty() {
            let _ = write!(line, "  ({})", grant.through.join(" → "));
        }
        let _ = writeln!(out, "    {}", printable(&line));
    }
    if grants.is_empty() {
        let _ = writeln!(out, "    none");
    }
}

fn ways(ways: &[Way], out: &mut String) {
    heading("paths", out);
    for way in ways {
        let _ = writeln!(out, "    {}", printable(&way.steps.join(" → ")));
        let word = match way.verdict {
            Some(verdict) => format!("{}  ", style::verdict(verdict)),
            None => String::new(),
        };
        let whom = match &way.role {
            Some(role) => format!(
                "as {role}, {}: ",
                if way.bound { "bound" } else { "not bound" }
            ),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "        {word}{}{}",
            printable(&whom),
            printable(&way.reason)
        );
    }
    if ways.is_empty() {
        let _ = writeln!(out, "    none");
    }
}

fn commands(commands: &[Command], out: &mut String) {
    for (at, command) in commands.iter().enumerate() {
        let word = command.verdict.map_or_else(String::new, style::verdict);
        let _ = writeln!(
            out,
            "\n{}  {}  {word}",
            style::bold(command.operation),
            command.rows
        );
        let _ = writeln!(out, "    {}", printable(&command.reason));
        if let Some(part) = &command.stopped_by {
            let _ = writeln!(out, "    stopped by: {}", printable(part));
        }
        if !command.allowed {
            continue;
        }
        if let Some(example) = &command.counterexample {
            counterexample(example, out);
        }
        // What was printed once is not printed again.
        let same = |other: &&Command| {
            other.allowed
                && other.predicate == command.predicate
                && other.policies == command.policies
        };
        match commands[..at].iter().find(same) {
            Some(other) => {
                let _ = writeln!(
                    out,
                    "    policies and predicate as for {}",
                    style::bold(other.operation)
                );
            }
            None => predicate(command, out),
        }
    }
}

fn predicate(command: &Command, out: &mut String) {
    let kind = |permissive| {
        if permissive {
            "permissive"
        } else {
            "restrictive"
        }
    };
    for policy in &command.policies {
        let line = match &policy.why_not {
            None => format!("asked      {} ({})", policy.name, kind(policy.permissive)),
            Some(why) => format!(
                "not asked  {} ({}): {why}",
                policy.name,
                kind(policy.permissive)
            ),
        };
        let _ = writeln!(out, "    {}", printable(&line));
    }
    if command.policies.is_empty() {
        let _ = writeln!(out, "    it has no policies");
    }
    let _ = writeln!(out, "    effective predicate");
    for line in &command.predicate {
        let _ = writeln!(out, "        {}", printable(line));
    }
}

fn counterexample(example: &Counterexample, out: &mut String) {
    let _ = writeln!(
        out,
        "    {}  a session with {}",
        style::verdict(Verdict::Leaking),
        printable(&example.session.join(", "))
    );
    let _ = writeln!(
        out,
        "             and a row with {}",
        printable(&example.row.join(", "))
    );
    if !example.policies.is_empty() {
        let _ = writeln!(
            out,
            "    let through by {}",
            printable(&example.policies.join(", "))
        );
    }
    if let Some(statement) = &example.statement {
        let _ = writeln!(out, "    see:  {}", printable(statement));
    }
}
