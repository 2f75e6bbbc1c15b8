//! Plans and what became of them: tables for people, SQL for psql, JSON for programs.

use std::collections::HashMap;
use std::fmt::Write;

use serde::Serialize;

use super::table::{plain_table, ruled_table};
use super::{Target, lockout, proposals, style};
use crate::plan::apply::Outcome;
use crate::plan::{Change, Kind, Lock, Plan};
use crate::session::quote::{literal, printable};

/// A table that fits the terminal; a line that says so where nothing is to be done.
pub fn table(plan: &Plan) -> String {
    let mut out = String::new();
    if plan.changes.is_empty() {
        out.push_str("nothing to change: isolation is as tenantctl.toml says\n");
    } else {
        changes(plan, &mut out);
    }
    left_alone(plan, &mut out);
    for line in lockout::lines(plan) {
        let _ = writeln!(out, "locked out: {line}");
    }
    proposals::lines(plan, &mut out);
    out
}

/// More changes of one kind than this are counted; the other formats list them all.
const MAX_SAME: usize = 200;

fn changes(plan: &Plan, out: &mut String) {
    let mut table = ruled_table(width());
    table.set_header(["object", "change", "lock", "why"]);
    let mut kinds: HashMap<Kind, usize> = HashMap::new();
    for change in &plan.changes {
        let same = kinds.entry(change.kind).or_default();
        *same += 1;
        if *same > MAX_SAME {
            continue;
        }
        table.add_row([
            printable(&change.object),
            what(change),
            lock(change),
            printable(&change.because.join("; ")),
        ]);
    }
    let listed: usize = kinds.values().map(|count| (*count).min(MAX_SAME)).sum();
    let _ = writeln!(out, "{table}");
    if listed < plan.changes.len() {
        let more = plan.changes.len() - listed;
        let _ = writeln!(
            out,
            "… and {more} more (tenantctl plan --format sql, json or markdown lists them)"
        );
    }
    let _ = writeln!(out, "{}", counted(plan));
}

/// `ACCESS EXCLUSIVE on public.orders`.
fn lock(change: &Change) -> String {
    let Lock { mode, on } = &change.lock;
    format!("{} on {}", mode.word(), printable(on))
}

/// Where no mark of ours is left, and what has to be done by hand.
pub fn nothing_to_revert(plan: &Plan) -> String {
    let mut out = String::from("nothing to undo: there is no mark of tenantctl on any object\n");
    left_alone(plan, &mut out);
    out
}

fn left_alone(plan: &Plan, out: &mut String) {
    for left in &plan.left_alone {
        let _ = writeln!(
            out,
            "left alone: {}: {}",
            printable(&left.object),
            printable(&left.reason)
        );
    }
}

/// In a file or a pipe nothing says how wide a table may be, and a reason can be long; some
/// terminals say 0.
fn width() -> Option<u16> {
    match plain_table(None).width() {
        Some(width) if width >= 60 => None,
        _ => Some(140),
    }
}

/// `12 changes: 10 isolate, 2 index`.
pub fn counted(plan: &Plan) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for change in &plan.changes {
        match kinds
            .iter_mut()
            .find(|(kind, _)| *kind == change.kind.word())
        {
            Some((_, count)) => *count += 1,
            None => kinds.push((change.kind.word(), 1)),
        }
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let total = plan.changes.len();
    let plural = if total == 1 { "" } else { "s" };
    format!("{total} change{plural}: {}", kinds.join(", "))
}

/// The statements by their first words; the whole text is in the other formats. Marks are left
/// out, which change nothing but comments, and settings.
fn what(change: &Change) -> String {
    if change.backfill.is_some() {
        return "UPDATE in batches".to_owned();
    }
    let shown = change.statements.iter().chain(&change.finish);
    let words: Vec<String> = shown
        .filter(|statement| {
            !["COMMENT ", "SET "]
                .iter()
                .any(|word| statement.starts_with(word))
        })
        .map(|statement| words(statement))
        .collect();
    if words.is_empty() {
        return "COMMENT".to_owned();
    }
    words.join("\n")
}

fn words(statement: &str) -> String {
    if let Some((_, name)) = statement.split_once(" RENAME TO ") {
        return format!("then named {}", printable(name));
    }
    let switches = ["ENABLE ROW", "NO FORCE ROW", "FORCE ROW", "DISABLE ROW"];
    let first = switches
        .iter()
        .filter_map(|word| statement.find(word))
        .min();
    if let Some(at) = first.filter(|_| statement.starts_with("ALTER TABLE ")) {
        let actions = statement[at..].replace(" ROW LEVEL SECURITY", "");
        return format!("{} row security", actions.replace(", ", " and "));
    }
    let line = statement.lines().next().unwrap_or_default();
    let end = line.find(" TO ").filter(|_| line.contains("POLICY"));
    let line = &line[..end.unwrap_or(line.len())];
    printable(line.split(" ON ").next().unwrap_or(line))
}

/// A plan for a pull request or a wiki.
pub fn markdown(plan: &Plan) -> String {
    if plan.changes.is_empty() {
        let mut out = table(plan);
        out.insert_str(0, "# Plan\n\n");
        return out;
    }
    let mut out = format!("# Plan\n\n{}\n\n", counted(plan));
    let locked_out = lockout::lines(plan);
    if !locked_out.is_empty() {
        out.push_str("Who would see fewer rows, or none:\n\n");
        for line in locked_out {
            let _ = writeln!(out, "- {}", line.replace('|', "\\|"));
        }
        out.push('\n');
    }
    out.push_str("| object | change | lock | rows | why | closes |\n|---|---|---|---|---|---|\n");
    for change in &plan.changes {
        let cells = [
            printable(&change.object),
            what(change).replace('\n', "<br>"),
            lock(change),
            change.effort.word().to_owned(),
            printable(&change.because.join("; ")),
            change.closes.join(", "),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    for change in &plan.changes {
        let _ = writeln!(out, "\n## {}\n\n```sql", printable(&change.id));
        for statement in change.statements.iter().chain(&change.finish) {
            let _ = writeln!(out, "{statement};");
        }
        if !change.undo.is_empty() {
            out.push_str("-- what takes it back:\n");
            for line in change.undo.join(";\n").lines() {
                let _ = writeln!(out, "-- {line}");
            }
        }
        out.push_str("```\n");
    }
    proposals::markdown(plan, &mut out);
    out.push('\n');
    left_alone(plan, &mut out);
    out
}

/// A script for `psql -v ON_ERROR_STOP=1`, which does what `apply` does except for the retries.
pub fn script(plan: &Plan, target: &Target, lock_timeout_ms: u128) -> String {
    let mut out = format!(
        "-- tenantctl {}: changes for database {}.\n\
         -- Run with: psql -X -v ON_ERROR_STOP=1 -f FILE\n\
         \\set ON_ERROR_STOP on\n\
         set search_path = pg_catalog;\n\
         set lock_timeout = {lock_timeout_ms};\n\
         set tenantctl.watchdog = 'off';\n",
        env!("CARGO_PKG_VERSION"),
        comment(&target.database)
    );
    let _ = writeln!(
        out,
        "select pg_catalog.current_database() = {} as tenantctl_right_database \\gset\n\
         \\if :tenantctl_right_database\n\\else\n\
         do $$ begin raise exception 'this script is for another database'; end $$;\n\\endif",
        literal(&target.database)
    );
    for line in lockout::lines(plan) {
        let _ = writeln!(out, "-- locked out: {}", comment(&line));
    }
    for change in &plan.changes {
        let _ = writeln!(
            out,
            "\n-- {}\n-- {} lock on {}",
            comment(&change.id),
            change.lock.mode.word(),
            comment(&change.lock.on)
        );
        for because in &change.because {
            let _ = writeln!(out, "-- {}", comment(because));
        }
        if change.transactional() {
            out.push_str("begin;\n");
        } else if change.alone {
            // The build waits without keeping anybody waiting.
            out.push_str("set lock_timeout = 0;\n");
        }
        for statement in &change.statements {
            let _ = writeln!(out, "{statement};");
        }
        if change.transactional() {
            out.push_str("commit;\n");
        } else if change.alone {
            let _ = writeln!(out, "set lock_timeout = {lock_timeout_ms};");
        }
        if !change.finish.is_empty() {
            let _ = writeln!(out, "begin;\n{};\ncommit;", change.finish.join(";\n"));
        }
    }
    for left in &plan.left_alone {
        let _ = writeln!(
            out,
            "\n-- left alone: {}: {}",
            comment(&left.object),
            comment(&left.reason)
        );
    }
    proposals::comments(plan, &mut out);
    out
}

/// One line: a name with a line end in it must not end the comment.
fn comment(text: &str) -> String {
    printable(text)
}

/// JSON, version 1. These structs are the contract; the plan's own are free to change.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u8,
    tool: Tool,
    command: &'a str,
    target: TargetRow<'a>,
    changes: Vec<Row<'a>>,
    left_alone: Vec<Left<'a>>,
    lockouts: Vec<lockout::Row<'a>>,
    proposals: Vec<proposals::Row<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct TargetRow<'a> {
    database: &'a str,
    server_version: &'a str,
    app_role: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    object: &'a str,
    kind: &'static str,
    transactional: bool,
    lock: LockRow<'a>,
    work: &'static str,
    closes: &'a [&'static str],
    because: &'a [String],
    statements: &'a [String],
    finish: &'a [String],
    undo: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct LockRow<'a> {
    mode: &'static str,
    on: &'a str,
}

#[derive(Serialize)]
struct Left<'a> {
    object: &'a str,
    reason: &'a str,
}

/// A plan as JSON; with `outcomes`, what `apply` made of it.
pub fn json(
    plan: &Plan,
    target: &Target,
    (command, outcomes): (&str, Option<&[Outcome]>),
) -> String {
    let changes = plan
        .changes
        .iter()
        .enumerate()
        .map(|(at, change)| Row {
            id: &change.id,
            object: &change.object,
            kind: change.kind.word(),
            transactional: change.transactional(),
            lock: LockRow {
                mode: change.lock.mode.word(),
                on: &change.lock.on,
            },
            work: change.effort.word(),
            closes: &change.closes,
            because: &change.because,
            statements: &change.statements,
            finish: &change.finish,
            undo: &change.undo,
            outcome: outcomes.map(|all| all.get(at).map_or("not-tried", Outcome::word)),
            reason: outcomes.and_then(|all| all.get(at)?.reason()),
        })
        .collect();
    let document = Document {
        schema_version: 1,
        tool: Tool {
            name: "tenantctl",
            version: env!("CARGO_PKG_VERSION"),
        },
        command,
        target: TargetRow {
            database: &target.database,
            server_version: &target.server_version,
            app_role: &target.app_role,
        },
        changes,
        left_alone: plan
            .left_alone
            .iter()
            .map(|left| Left {
                object: &left.object,
                reason: &left.reason,
            })
            .collect(),
        lockouts: lockout::rows(plan),
        proposals: proposals::rows(plan),
    };
    super::pretty(&document)
}

/// What `apply` did, for people: what was not made, and a line that counts.
pub fn applied(plan: &Plan, outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    let bad: Vec<(&Change, &Outcome)> = plan
        .changes
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| **outcome != Outcome::Done)
        .collect();
    if !bad.is_empty() {
        let mut table = plain_table(width());
        table.set_header(["change", "outcome", "why"]);
        for (change, outcome) in &bad {
            table.add_row([
                printable(&change.id),
                style::bad(outcome.word()),
                printable(outcome.reason().unwrap_or_default()),
            ]);
        }
        let _ = writeln!(out, "{table}");
    }
    let done = outcomes.len() - bad.len();
    let untried = plan.changes.len() - outcomes.len();
    let line = format!("{done} of {} changes made", plan.changes.len());
    let line = if bad.is_empty() {
        style::good(&line)
    } else {
        style::bad(&line)
    };
    out.push_str(&line);
    if untried > 0 {
        let _ = write!(out, ", {untried} not tried");
    }
    out.push('\n');
    left_alone(plan, &mut out);
    out
}
