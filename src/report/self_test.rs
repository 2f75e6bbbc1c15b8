//! The self-test: which mutants were found, by whom, and which were not.

use std::fmt::Write;

use serde::Serialize;

use super::style;
use super::table::plain_table;
use crate::finding::Severity;
use crate::mutants::{ALL, Fate, Kind, SelfTest, Trial};
use crate::session::quote::printable;

/// The key `self_test` of the JSON: part of the contract.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    server: &'a str,
    mutants: Counts,
    /// Of the same kinds, not made: each is tried on a few tables only.
    not_made: usize,
    kinds: Vec<Row>,
    trials: Vec<Entry<'a>>,
    left_out: &'a [String],
}

#[derive(Clone, Copy, Default, Serialize)]
struct Counts {
    tried: usize,
    killed: usize,
    by_audit: usize,
    by_probe: usize,
    survived: usize,
    refused: usize,
    untried: usize,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    what: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct Entry<'a> {
    kind: &'static str,
    object: &'a str,
    verdict: &'static str,
    audit: Option<&'a str>,
    probe: Option<&'a str>,
    /// Why it was not killed: what was new beside, the error, the refusal.
    why: Option<String>,
    sql: &'a [String],
}

/// The self-test as JSON has it.
pub(super) fn document(test: &SelfTest) -> Document<'_> {
    Document {
        server: &test.server,
        mutants: counts(&test.trials, None),
        not_made: test.more,
        kinds: tried_kinds(test)
            .map(|kind| Row {
                kind: kind.id,
                what: kind.what,
                counts: counts(&test.trials, Some(kind)),
            })
            .collect(),
        trials: test.trials.iter().map(entry).collect(),
        left_out: &test.left_out,
    }
}

fn tried_kinds(test: &SelfTest) -> impl Iterator<Item = &'static Kind> {
    let of = |kind: &Kind| test.trials.iter().any(|trial| trial.mutant.kind == kind);
    ALL.iter().copied().filter(move |kind| of(kind))
}

fn counts(trials: &[Trial], kind: Option<&Kind>) -> Counts {
    let mut counts = Counts::default();
    let wanted = |trial: &&Trial| kind.is_none_or(|kind| trial.mutant.kind == kind);
    for trial in trials.iter().filter(wanted) {
        match trial.fate {
            Fate::Refused(_) => counts.refused += 1,
            Fate::Untried => counts.untried += 1,
            Fate::Killed => counts.killed += 1,
            Fate::Survived(_) | Fate::Failed(_) => counts.survived += 1,
        }
        counts.by_audit += usize::from(trial.audit.is_some());
        counts.by_probe += usize::from(trial.probe.is_some());
    }
    counts.tried = counts.killed + counts.survived;
    counts
}

fn entry(trial: &Trial) -> Entry<'_> {
    Entry {
        kind: trial.mutant.kind.id,
        object: &trial.mutant.object,
        verdict: match trial.fate {
            Fate::Killed => "killed",
            Fate::Survived(_) | Fate::Failed(_) => "survived",
            Fate::Refused(_) => "refused",
            Fate::Untried => "untried",
        },
        audit: trial.audit.as_deref(),
        probe: trial.probe.as_deref(),
        why: why(trial),
        sql: &trial.mutant.sql,
    }
}

fn why(trial: &Trial) -> Option<String> {
    match &trial.fate {
        Fate::Killed => None,
        Fate::Survived(beside) if beside.is_empty() => Some("nothing new was found".to_owned()),
        Fate::Survived(beside) => Some(format!("found, but not counted: {}", beside.join(", "))),
        Fate::Failed(error) => Some(error.clone()),
        Fate::Refused(error) => Some(error.clone()),
        Fate::Untried => Some("no time was left".to_owned()),
    }
}

/// The self-test for people; `details` lists every mutant.
pub(super) fn text(test: &SelfTest, details: bool) -> String {
    let mut out = format!(
        "self-test on a throwaway copy of the schema ({})\n\n",
        printable(&test.server)
    );
    matrix(test, &mut out);
    if details {
        every(test, &mut out);
    }
    survivors(test, &mut out);
    notes(test, &mut out);
    verdict(test, &mut out);
    out
}

fn matrix(test: &SelfTest, out: &mut String) {
    let mut table = plain_table(None);
    table.set_header(["mutants", "tried", "audit", "probe", "survived"]);
    let or_dash = |count: usize| match count {
        0 => style::dim("-"),
        count => count.to_string(),
    };
    for kind in tried_kinds(test) {
        let counts = counts(&test.trials, Some(kind));
        let survived = match counts.survived {
            0 => or_dash(0),
            count => style::bad(&count.to_string()),
        };
        table.add_row([
            kind.what.to_owned(),
            or_dash(counts.tried),
            or_dash(counts.by_audit),
            or_dash(counts.by_probe),
            survived,
        ]);
    }
    let _ = writeln!(out, "{table}\n");
}

fn every(test: &SelfTest, out: &mut String) {
    for trial in &test.trials {
        let entry = entry(trial);
        let _ = writeln!(
            out,
            "{}  {}  {}",
            entry.verdict,
            style::bold(&printable(entry.object)),
            entry.kind
        );
        for (who, what) in [("audit", entry.audit), ("probe", entry.probe)] {
            if let Some(what) = what {
                let _ = writeln!(out, "    {who}: {}", printable(what));
            }
        }
        if let (Some(why), false) = (entry.why, trial.survived()) {
            let _ = writeln!(out, "    {}", printable(&why));
        }
    }
    if !test.trials.is_empty() {
        out.push('\n');
    }
}

fn survivors(test: &SelfTest, out: &mut String) {
    let survivors: Vec<&Trial> = test.trials.iter().filter(|t| t.survived()).collect();
    for trial in &survivors {
        let _ = writeln!(
            out,
            "{}  {}  {}: {}",
            style::bad("survived"),
            style::bold(&printable(&trial.mutant.object)),
            style::dim(trial.mutant.kind.id),
            trial.mutant.kind.what
        );
        for sql in &trial.mutant.sql {
            let _ = writeln!(out, "    {};", printable(sql));
        }
        let _ = writeln!(out, "    {}\n", printable(&why(trial).unwrap_or_default()));
    }
    if !survivors.is_empty() {
        out.push_str(
            "A mutant that survives is a defect of tenantctl, not of your database: please report it with\n\
             the statements above and the definition of the table and its policies (pg_dump -s -t TABLE).\n\n",
        );
    }
}

fn notes(test: &SelfTest, out: &mut String) {
    for what in &test.left_out {
        let _ = writeln!(out, "note: not in the copy: {}", printable(what));
    }
    for note in &test.notes {
        let _ = writeln!(out, "note: {}", printable(note));
    }
    let counts = counts(&test.trials, None);
    if test.more > 0 {
        let _ = writeln!(
            out,
            "note: {} more mutants of the same kinds were not made: each kind is tried on a few tables (--mutant-tables 0 is all)",
            test.more
        );
    }
    if counts.refused > 0 {
        let _ = writeln!(
            out,
            "note: {} mutants could not be made: the server refused (--details lists them)",
            counts.refused
        );
    }
    if counts.untried > 0 {
        let _ = writeln!(
            out,
            "note: {} mutants were not tried: the time was over (--mutant-time)",
            counts.untried
        );
    }
    let open = test.findings.iter();
    let open = open.filter(|found| found.severity >= Severity::Medium);
    let open = open.count();
    if open > 0 {
        let _ = writeln!(
            out,
            "note: before anything was broken audit and probe found {open} things of severity medium or worse"
        );
    }
}

fn verdict(test: &SelfTest, out: &mut String) {
    let counts = counts(&test.trials, None);
    let words = format!(
        "{} of {} mutants killed: {} by audit, {} by probe",
        counts.killed, counts.tried, counts.by_audit, counts.by_probe
    );
    let survived = match counts.survived {
        0 => style::good("none survived"),
        count => style::bad(&format!("{count} survived")),
    };
    let _ = writeln!(out, "{words}; {survived}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::{Mutant, Opens};

    fn trial(fate: Fate) -> Trial {
        Trial {
            mutant: Mutant {
                kind: ALL[0],
                object: "public.t".to_owned(),
                opens: Opens::Everything,
                sql: vec!["alter table public.t disable row level security".to_owned()],
                undo: Vec::new(),
            },
            audit: None,
            probe: (fate == Fate::Killed).then(|| "probe-read at public.t".to_owned()),
            fate,
        }
    }

    #[test]
    fn a_survivor_is_shown_with_its_statements_and_where_to_report_it() {
        let test = SelfTest {
            trials: vec![
                trial(Fate::Killed),
                trial(Fate::Survived(vec!["x at y (low)".to_owned()])),
                trial(Fate::Refused("no".to_owned())),
            ],
            ..SelfTest::default()
        };
        let text = text(&test, false);
        assert!(text.contains("disable row level security;"), "{text}");
        assert!(
            text.contains("found, but not counted: x at y (low)"),
            "{text}"
        );
        assert!(text.contains("please report it"), "{text}");
        assert!(
            text.contains("1 of 2 mutants killed: 0 by audit, 1 by probe"),
            "{text}"
        );
        let document = document(&test);
        assert_eq!(
            (document.mutants.survived, document.mutants.refused),
            (1, 1)
        );
    }
}
