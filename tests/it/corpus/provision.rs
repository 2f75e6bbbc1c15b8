//! `apply` on a case's schema as a team would have it before tenantctl came, and the way back.

use std::sync::Arc;

use serde_json::Value;

use super::case::{Case, Truth};
use super::script;
use crate::support::{Db, Outcome, Server};

/// Takes away all that a team did for isolation.
const NAKED: &str = "
do $$
declare
    it record;
begin
    for it in select p.polname, p.polrelid::regclass as relation from pg_policy p loop
        execute format('drop policy %I on %s', it.polname, it.relation);
    end loop;
    for it in select c.oid::regclass as relation from pg_class c
              join pg_namespace n on n.oid = c.relnamespace
              where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'
                and (c.relrowsecurity or c.relforcerowsecurity) loop
        execute format('alter table %s no force row level security, disable row level security', it.relation);
    end loop;
end $$";

/// What is wrong with a case, in lines: as it is, and naked.
pub(super) fn examine(case: &Case, server: &Arc<Server>) -> Vec<String> {
    let db = Db::on(server);
    if let Err(why) = script::run(&db.session(), &case.read("schema.sql")) {
        return vec![format!("schema.sql: {why}")];
    }
    let mut wrong = there_and_back(case, &db, false);
    if is_sampled(case) {
        let everything = there_and_back_with_everything(case, &db).into_iter();
        wrong.extend(everything.map(|why| format!("with everything: {why}")));
    }
    db.sql(NAKED);
    let naked = there_and_back(case, &db, true).into_iter();
    wrong.extend(naked.map(|why| format!("naked: {why}")));
    wrong
}

/// Every fourth, because it takes its time; all of them with `TENANTCTL_EVERYTHING=1`.
fn is_sampled(case: &Case) -> bool {
    let sum: usize = case.id.bytes().map(usize::from).sum();
    sum.is_multiple_of(4) || std::env::var_os("TENANTCTL_EVERYTHING").is_some()
}

/// What can be asked for at once.
const EVERYTHING: [&str; 5] = [
    "--constraints",
    "--privileges",
    "--views",
    "--replace",
    "--watchdog",
];

/// Every option and every proposal. Rows may stand in the way of constraints; they are left, and so is
/// the way back.
fn there_and_back_with_everything(case: &Case, db: &Db) -> Vec<String> {
    let config = case.folder.join("tenantctl.toml");
    let config = config.to_string_lossy();
    let run = |args: &[&str]| -> Outcome { db.tenantctl(args).args(["--config", &*config]).run() };
    let mut wrong = Vec::new();
    let before = db.dump(true);
    let plan = run(&[&["plan", "--format", "json"], &EVERYTHING[..]].concat());
    let proposals = plan.json()["proposals"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let named = proposals.iter().filter_map(|row| row["id"].as_str());
    let named: Vec<&str> = named.flat_map(|id| ["--constraint", id]).collect();
    let accepted = accepted(&plan);
    let accepted: Vec<&str> = accepted.iter().map(String::as_str).collect();
    let wanted = [&EVERYTHING[..], &named].concat();
    let format = ["apply", "--yes", "--quiet", "--format", "json"];
    let applied = run(&[&format[..], &wanted, &accepted].concat());
    let report = if applied.stdout.starts_with('{') {
        applied.json()
    } else {
        return vec![format!("apply: {}", applied.text())];
    };
    let changes = report["changes"].as_array().unwrap();
    let bad = changes.iter().filter(|change| {
        let reason = change["reason"].as_str().unwrap_or_default();
        let hindered = reason.contains("and none was touched") || reason.ends_with(" was not made");
        change["outcome"] != "done" && !hindered
    });
    wrong.extend(bad.map(|change| format!("{change:#}")));
    if applied.code == Some(0) {
        let check = run(&[&["plan", "--check"], &wanted[..]].concat());
        if check.code != Some(0) {
            wrong.push(format!("no fixed point: {}", check.text()));
        }
    }
    let reverted = run(&["revert", "--yes", "--quiet"]);
    if reverted.code != Some(0) {
        wrong.push(format!("revert: {}", reverted.text()));
    }
    wrong.extend(difference(before, db.dump(true)));
    wrong
}

fn difference(before: Option<String>, after: Option<String>) -> Option<String> {
    let differs = before != after;
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    differs.then(|| format!("another dump after revert:\n{}", lines(&before, &after)))
}

fn there_and_back(case: &Case, db: &Db, naked: bool) -> Vec<String> {
    let config = case.folder.join("tenantctl.toml");
    let config = config.to_string_lossy();
    let run = |args: &[&str]| -> Outcome { db.tenantctl(args).args(["--config", &*config]).run() };
    let mut wrong = Vec::new();
    let before = db.dump(true);
    let done = |args: &[&str], wrong: &mut Vec<String>| {
        let done = run(args);
        if done.code != Some(0) {
            wrong.push(format!("{args:?} failed:\n{}", done.text()));
        }
        done.code == Some(0)
    };
    let mut apply = vec!["apply".to_owned(), "--yes".to_owned(), "--quiet".to_owned()];
    apply.extend(accepted(&run(&["plan", "--format", "json"])));
    let apply: Vec<&str> = apply.iter().map(String::as_str).collect();
    if !done(&apply, &mut wrong) || !done(&["plan", "--check"], &mut wrong) {
        return wrong;
    }
    if naked {
        wrong.extend(remaining(case, &run(&["audit", "--format", "json"])));
    }
    done(&["revert", "--yes", "--quiet"], &mut wrong);
    wrong.extend(difference(before, db.dump(true)));
    wrong
}

/// Says yes to all that `apply` would ask about.
pub(super) fn accepted(plan: &Outcome) -> Vec<String> {
    let plan: Value = plan.json();
    let lockouts = plan["lockouts"].as_array().into_iter().flatten();
    lockouts
        .filter(|lockout| lockout["refuses"] == true)
        .filter_map(|lockout| lockout["role"].as_str())
        .flat_map(|role| ["--accept-lockout".to_owned(), role.to_owned()])
        .collect()
}

/// Findings that `apply` alone has to close, and that are there all the same.
fn remaining(case: &Case, audit: &Outcome) -> Vec<String> {
    const CLOSED: [&str; 3] = ["rls-off", "policy", "write"];
    let report: Value = audit.json();
    let findings = report["findings"].as_array().into_iter().flatten();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    findings
        .filter(|finding| ["critical", "high", "medium"].contains(&&*text(finding, "severity")))
        .filter(|finding| {
            case.verdict == Truth::Clean || CLOSED.contains(&&*text(finding, "class"))
        })
        .map(|finding| {
            format!(
                "after apply: {} {} {}: {}",
                text(finding, "severity"),
                text(finding, "check"),
                text(finding, "object"),
                text(finding, "message")
            )
        })
        .collect()
}

fn lines(before: &str, after: &str) -> String {
    let gone = before
        .lines()
        .filter(|line| !after.lines().any(|l| l == *line));
    let new = after
        .lines()
        .filter(|line| !before.lines().any(|l| l == *line));
    let gone = gone.map(|line| format!("- {line}"));
    gone.chain(new.map(|line| format!("+ {line}")))
        .collect::<Vec<_>>()
        .join("\n")
}
