//! For people: findings with their paths, then what is proved, held and open.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::{Cell, ContentArrangement, LineStyle, Table, TableStyle};

use super::model::{Overall, Report};
use super::{explain, self_test, sharing, style};
use crate::finding::{Coverage, Operation, Severity, Verdict};
use crate::session::quote::printable;

/// More objects than this are summed up instead of listed, unless they are open.
const MAX_ROWS: usize = 60;
/// More findings of one check than this are summed up.
const MAX_SAME: usize = 10;

/// A line above, below and under the header, none between rows.
const RULES: TableStyle = {
    let rule = LineStyle::none().fill('─').junction('─');
    TableStyle::new()
        .top_border(rule)
        .header_separator(rule)
        .bottom_border(rule)
};

/// An empty table in the house's style, as wide as the terminal or `width`.
pub(crate) fn plain_table(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(RULES);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table
}

/// The same with a line between rows, for rows of several lines.
pub(crate) fn ruled_table(width: Option<u16>) -> Table {
    let mut table = plain_table(width);
    table.load_style(RULES.row_separator(LineStyle::none().fill('╌').junction('╌')));
    table
}

/// The report as text. `details` lists every object and every low finding.
pub(super) fn text(report: &Report, details: bool) -> String {
    let mut out = String::new();
    heading(report, &mut out);
    match (&report.explanation, &report.self_test) {
        (_, Some(self_test)) => {
            out.push_str(&self_test::text(self_test, details));
            return out;
        }
        (Some(explanation), None) => {
            out.push_str(&explain::text(explanation));
            findings(report, true, &mut out);
        }
        (None, None) => {
            findings(report, details, &mut out);
            coverage(report, details, &mut out);
            sharing::text(&report.sharing, details, &mut out);
        }
    }
    trailer(report, &mut out);
    out
}

fn heading(report: &Report, out: &mut String) {
    let target = &report.target;
    let _ = writeln!(
        out,
        "{} of database {} as {} (PostgreSQL {})\n",
        style::bold(report.command),
        printable(&target.database),
        printable(&target.app_role),
        target.server_version
    );
}

fn findings(report: &Report, details: bool, out: &mut String) {
    let mut shown: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    let mut minor = 0;
    for finding in &report.findings {
        if finding.severity < Severity::Medium && !details {
            minor += 1;
            continue;
        }
        let same = shown.entry((&finding.check, finding.severity)).or_default();
        *same += 1;
        if *same > MAX_SAME && !details {
            continue;
        }
        let _ = writeln!(
            out,
            "{}  {}  {}",
            style::severity(finding.severity),
            style::bold(&printable(&finding.object)),
            style::dim(&finding.check)
        );
        let _ = writeln!(out, "    {}", printable(&finding.message));
        if finding.path.len() > 1 {
            let _ = writeln!(out, "    path: {}", printable(&finding.path.join(" → ")));
        }
        if let Some(evidence) = &finding.evidence {
            let _ = writeln!(out, "    see:  {}", printable(evidence));
        }
        if let Some(fix) = &finding.fix {
            let _ = writeln!(out, "    fix:  {}", printable(fix));
        }
        out.push('\n');
    }
    for ((check, severity), count) in shown.iter().filter(|(_, count)| **count > MAX_SAME) {
        if !details {
            let _ = writeln!(
                out,
                "… and {} more {} of {check} (--details lists them)\n",
                count - MAX_SAME,
                severity.word()
            );
        }
    }
    if minor > 0 {
        let _ = writeln!(
            out,
            "{minor} finding{} of severity low or info (--details lists them)\n",
            if minor == 1 { "" } else { "s" }
        );
    }
    if report.findings.is_empty() {
        out.push_str("No findings.\n\n");
    }
}

/// Rows of one object, the worst verdict for each operation.
type Objects<'r> = BTreeMap<&'r str, BTreeMap<Operation, &'r Coverage>>;

fn coverage(report: &Report, details: bool, out: &mut String) {
    let mut objects = Objects::new();
    for row in &report.coverage {
        let cell = objects
            .entry(&row.object)
            .or_default()
            .entry(row.operation)
            .or_insert(row);
        if row.verdict > cell.verdict {
            *cell = row;
        }
    }
    if !objects.is_empty() {
        matrix(&objects, details, out);
        reasons(&objects, out);
    }
}

/// Objects by operations. Where there are many, those that are closed are only counted.
fn matrix(objects: &Objects<'_>, details: bool, out: &mut String) {
    let closed = |rows: &BTreeMap<Operation, &Coverage>| {
        rows.values()
            .all(|row| matches!(row.verdict, Verdict::Proved | Verdict::Held))
    };
    let crowded = objects.len() > MAX_ROWS && !details;
    let mut table = plain_table(None);
    table.set_header(["object", "select", "insert", "update", "delete"]);
    let mut listed = 0;
    for (object, rows) in objects {
        if crowded && (closed(rows) || listed >= MAX_ROWS) {
            continue;
        }
        listed += 1;
        let cell = |operation| match rows.get(&operation) {
            Some(row) => style::verdict(row.verdict),
            None => style::dim("-"),
        };
        let mut cells = vec![Cell::new(printable(object))];
        cells.extend(Operation::ALL.map(|operation| Cell::new(cell(operation))));
        table.add_row(cells);
    }
    if listed > 0 {
        let _ = writeln!(out, "{table}");
    }
    if listed < objects.len() {
        let more = objects.len() - listed;
        let _ = writeln!(out, "… and {more} more objects (--details lists them)");
    }
    out.push('\n');
}

/// Why something stays unproven.
fn reasons(objects: &Objects<'_>, out: &mut String) {
    let mut reasons: Vec<(&str, Operation, &str)> = objects
        .iter()
        .flat_map(|(object, rows)| rows.values().map(move |row| (*object, row)))
        .filter(|(_, row)| row.verdict == Verdict::Unproven)
        .map(|(object, row)| (object, row.operation, row.reason.as_str()))
        .collect();
    reasons.dedup_by(|a, b| a.0 == b.0 && a.2 == b.2);
    for (object, operation, reason) in reasons.iter().take(MAX_ROWS) {
        let _ = writeln!(
            out,
            "{}  {} {}: {}",
            style::verdict(Verdict::Unproven),
            printable(object),
            operation.word(),
            printable(reason)
        );
    }
    if !reasons.is_empty() {
        out.push('\n');
    }
}

/// How many (object, operation) pairs have which verdict; leaks that were accepted stand apart.
fn counts(report: &Report) -> Vec<String> {
    let accepted = report
        .coverage
        .iter()
        .filter(|row| row.verdict == Verdict::Leaking && report.is_accepted(row))
        .count();
    let of = |verdict| (report.covered(verdict), verdict.word());
    let (leaking, word) = of(Verdict::Leaking);
    [
        (leaking - accepted, word),
        (accepted, "accepted"),
        of(Verdict::Unproven),
        of(Verdict::Held),
        of(Verdict::Proved),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect()
}

fn trailer(report: &Report, out: &mut String) {
    for unfinished in &report.unfinished {
        let _ = writeln!(
            out,
            "{}  check {} could not look: {}",
            style::verdict(Verdict::Unproven),
            unfinished.check,
            printable(&unfinished.reason)
        );
    }
    for accepted in &report.accepted {
        let _ = writeln!(
            out,
            "accepted  {} on {}: {}",
            accepted.finding.check,
            printable(&accepted.finding.object),
            printable(&accepted.reason)
        );
    }
    for note in &report.notes {
        let _ = writeln!(out, "note: {}", printable(note));
    }
    let words: Vec<String> = Severity::ALL
        .into_iter()
        .filter(|severity| report.count(*severity) > 0)
        .map(|severity| format!("{} {}", report.count(severity), severity.word()))
        .collect();
    let verdicts = counts(report);
    let overall = report.overall();
    let word = match overall {
        Overall::Isolated => style::good(overall.word()),
        _ => style::bad(overall.word()),
    };
    let or_none = |words: Vec<String>| match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(", "),
    };
    let _ = writeln!(
        out,
        "verdict: {word}   findings: {}   operations: {}",
        or_none(words),
        or_none(verdicts)
    );
    if overall == Overall::Isolated {
        let _ = writeln!(
            out,
            "{}",
            style::dim(
                "With the context at one organization, nothing of another. Whoever can choose the context is outside of this claim."
            )
        );
    }
}
