//! Leaks by privileges and views are closed by `apply --privileges --views`, and `revert` brings the
//! schema back as it was.

use serde_json::Value;
use tenantctl::finding::{Class, Severity};

use super::case::{Case, Detect, Truth};
use super::provision::accepted;
use super::{script, usual};
use crate::support::{Db, Outcome, servers_named, versions};

/// Cases that neither can close, and why.
const REMAIN: [(&str, &str); 2] = [
    (
        "privilege-read-binary-file",
        "a function of PostgreSQL's own, which is no object of this database to mark",
    ),
    (
        "view-matview-behind",
        "what a materialized view stores no option of a view above it filters; it is proposed",
    ),
];

fn concerned(truth: Truth, major: u32) -> Vec<Case> {
    let mut cases = super::those(truth, major);
    cases.retain(|case| {
        [Class::Privilege, Class::View].contains(&case.class)
            && case.detect.contains(&Detect::Static)
    });
    cases
}

fn tenantctl(case: &Case, db: &Db, args: &[&str]) -> Outcome {
    let config = case.folder.join("tenantctl.toml");
    let run = db.tenantctl(args);
    run.args(["--config", &config.to_string_lossy()]).run()
}

/// `severity check object`, of what is worse than low in the classes that are closed here.
fn open(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let worse = |row: &&Value| {
        let severity: Severity = serde_json::from_value(row["severity"].clone()).unwrap();
        let class: Class = serde_json::from_value(row["class"].clone()).unwrap();
        severity > Severity::Low && [Class::Privilege, Class::View].contains(&class)
    };
    findings
        .filter(worse)
        .map(|row| {
            let [severity, check, object] =
                ["severity", "check", "object"].map(|key| row[key].as_str().unwrap());
            format!("{severity} {check} {object}")
        })
        .collect()
}

const BOTH: [&str; 2] = ["--privileges", "--views"];

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    args.iter().chain(&BOTH).copied().collect()
}

/// What is wrong with one case, in lines.
fn examine(case: &Case, db: &Db) -> Vec<String> {
    let mut wrong = Vec::new();
    let loaded = script::run(&db.session(), &case.read("schema.sql"));
    loaded.unwrap_or_else(|why| panic!("{}: schema.sql: {why}", case.id));
    let before = db.dump(true);
    let plan = tenantctl(case, db, &with(&["plan", "--format", "json"]));
    let accepted = accepted(&plan);
    let mut apply = with(&["apply", "--yes"]);
    apply.extend(accepted.iter().map(String::as_str));
    let applied = tenantctl(case, db, &apply);
    if applied.code != Some(0) {
        return vec![format!("apply: {}{}", applied.stdout, applied.stderr)];
    }
    let plan = tenantctl(case, db, &with(&["plan", "--check"]));
    if plan.code != Some(0) {
        wrong.push(format!("no fixed point: {}", plan.stdout));
    }
    let report = tenantctl(case, db, &["audit", "--format", "json"]).json();
    let left = open(&report);
    let known = REMAIN.iter().any(|(id, _)| *id == case.id);
    if left.is_empty() == known {
        wrong.push(format!("remains: {left:?}\n{}", applied.stdout));
    }
    let reverted = tenantctl(case, db, &["revert", "--yes"]);
    if reverted.code != Some(0) {
        wrong.push(format!("revert: {}{}", reverted.stdout, reverted.stderr));
    }
    if before != db.dump(true) {
        let after = db.dump(true).unwrap_or_default();
        let before = before.unwrap_or_default();
        let gone = before.lines().filter(|line| !after.contains(line));
        let new = after.lines().filter(|line| !before.contains(line));
        wrong.push(format!(
            "another dump: gone {:?}, new {:?}",
            gone.collect::<Vec<_>>(),
            new.collect::<Vec<_>>()
        ));
    }
    wrong
}

fn run(cases: &[Case], major: u32, look: impl Fn(&Case, &Db) -> Vec<String>) {
    let server = super::server(major);
    let mut wrong = Vec::new();
    for case in cases {
        let db = Db::on(&server);
        let found = look(case, &db);
        wrong.extend(found.into_iter().map(|why| format!("{}: {why}", case.id)));
    }
    assert!(wrong.is_empty(), "on {major}:\n{}", wrong.join("\n\n"));
}

#[test]
fn leaks_by_privileges_and_views_are_closed_and_opened_again() {
    run(&concerned(Truth::Leak, usual()), usual(), examine);
}

/// The oldest version: views there cannot read as their caller, so only privileges are closed.
#[test]
fn an_old_server_reaches_the_fixed_point_too() {
    let major = 14;
    if let Some((_, Err(why))) = versions().iter().find(|(known, _)| *known == major) {
        assert!(!servers_named(), "{why}");
        return;
    }
    if versions().iter().any(|(known, _)| *known == major) {
        run(&concerned(Truth::Leak, major), major, |case, db| {
            let wrong = examine(case, db);
            wrong
                .into_iter()
                .filter(|why| !(why.starts_with("remains") && why.contains(" view-")))
                .collect()
        });
    }
}

/// A view that is proved as it is, and a privilege that opens nothing, stay.
#[test]
fn what_is_clean_is_not_touched() {
    run(&concerned(Truth::Clean, usual()), usual(), |case, db| {
        let loaded = script::run(&db.session(), &case.read("schema.sql"));
        loaded.unwrap_or_else(|why| panic!("{}: schema.sql: {why}", case.id));
        let plan = tenantctl(case, db, &with(&["plan", "--format", "json"])).json();
        let changes = plan["changes"].as_array().unwrap().iter();
        changes
            .filter(|change| change["kind"] == "view")
            .map(|change| change.to_string())
            .collect()
    });
}
