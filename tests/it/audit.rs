//! What `audit` answers: verdict, exit code, the JSON contract, accepted findings, own checks.

use std::fs;

use serde_json::Value;

use crate::support::{Db, Outcome, shop};

fn audit(db: &Db, args: &[&str]) -> Outcome {
    db.tenantctl(["audit"].iter().chain(args)).run()
}

fn isolated() -> Db {
    let db = Db::new();
    db.isolated_shop();
    db
}

/// The objects that a check found something at.
fn objects(report: &Value, check: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let of_check = findings.filter(|finding| finding["check"] == check);
    of_check
        .map(|finding| finding["object"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_isolated_database_is_proved_so() {
    let db = isolated();
    let run = audit(&db, &["--format", "json"]).expect_code(0);
    assert_eq!(run.stderr, "");
    let report = run.json();
    assert_eq!(report["verdict"], "isolated");
    let coverage = report["coverage"].as_array().unwrap();
    for object in ["public.organizations", "public.orders"] {
        for operation in ["select", "insert", "update", "delete"] {
            let row = coverage
                .iter()
                .find(|row| row["object"] == object && row["operation"] == operation)
                .unwrap_or_else(|| panic!("nothing on {operation} of {object}"));
            assert_eq!(row["verdict"], "proved", "{row}");
            assert_eq!(row["by"], "audit", "{row}");
            assert!(row["reason"].as_str().unwrap().len() > 10, "{row}");
        }
    }
}

#[test]
fn a_report_has_the_fields_that_were_promised() {
    let db = Db::new();
    db.shop();
    let report = audit(&db, &["--format", "json"]).expect_code(1).json();
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["tool"]["name"], "tenantctl");
    assert_eq!(report["tool"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["command"], "audit");
    assert_eq!(report["verdict"], "leaking");
    assert_eq!(report["target"]["database"], db.name());
    assert_eq!(report["target"]["app_role"], db.role("app").as_str());
    let version = report["target"]["server_version"].as_str().unwrap();
    assert!(version.starts_with(&db.server().sandbox.version().number));
    let findings = report["findings"].as_array().unwrap();
    for severity in ["critical", "high", "medium", "low", "info"] {
        let count = findings
            .iter()
            .filter(|f| f["severity"] == severity)
            .count();
        assert_eq!(report["summary"][severity], count, "{severity}");
    }
    let open = findings
        .iter()
        .find(|f| f["check"] == "table-unprotected" && f["object"] == "public.orders")
        .unwrap();
    assert_eq!(
        (&open["class"], &open["severity"]),
        (&"coverage".into(), &"critical".into())
    );
    assert_eq!(
        open["path"][0],
        db.role("app").as_str(),
        "from the role to the rows"
    );
    for field in ["message", "evidence", "fix"] {
        assert!(
            open[field].as_str().unwrap().contains("public.orders"),
            "{open}"
        );
    }
}

/// Every operation that the application may do on anything that leads to tenants' rows has a verdict,
/// and so has every one that it may not do on their tables.
#[test]
fn whatever_is_on_a_path_is_covered() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "revoke delete on public.orders from {app};
         create view public.fine with (security_barrier) as
             select * from public.orders where organization_id =
                 nullif(current_setting('app.current_organization_id', true), '')::uuid;
         create materialized view public.stored as select * from public.orders;
         create sequence public.counter owned by public.orders.total;
         create table public.notes (id uuid primary key, organization_id uuid);
         grant select on public.fine, public.stored, public.notes to {app};
         grant select on sequence public.counter to {app};"
    ));
    let report = audit(&db, &["--format", "json"]).expect_code(1).json();
    let rows: Vec<String> = report["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let word = |key: &str| row[key].as_str().unwrap().to_owned();
            let denied = word("reason").starts_with("no privilege");
            let why = if denied { ", no privilege" } else { "" };
            format!(
                "{} {}: {}{why}",
                word("object"),
                word("operation"),
                word("verdict")
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    public.counter select: leaking
    public.fine select: proved
    public.notes select: leaking
    public.notes insert: proved, no privilege
    public.notes update: proved, no privilege
    public.notes delete: proved, no privilege
    public.orders select: proved
    public.orders insert: proved
    public.orders update: proved
    public.orders delete: proved, no privilege
    public.organizations select: proved
    public.organizations insert: proved, no privilege
    public.organizations update: proved, no privilege
    public.organizations delete: proved, no privilege
    public.stored select: leaking
    ");
    let table = audit(&db, &[]).expect_code(1).stdout;
    let last = table.lines().last().unwrap();
    let leaking = rows.iter().filter(|row| row.contains(": leaking")).count();
    let proved = rows.iter().filter(|row| row.contains(": proved")).count();
    assert!(
        last.ends_with(&format!("operations: {leaking} leaking, {proved} proved")),
        "{last}"
    );
}

/// The evidence is a promise: run as it stands it shows the leak.
#[test]
fn the_evidence_shows_the_leak() {
    let db = Db::new();
    db.shop();
    let report = audit(&db, &["--format", "json"]).expect_code(1).json();
    let findings = report["findings"].as_array().unwrap();
    let open = findings
        .iter()
        .find(|f| f["check"] == "table-unprotected")
        .unwrap();
    let evidence = open["evidence"].as_str().unwrap();
    let rows = db.sql(evidence);
    assert_eq!(
        rows.len(),
        3,
        "the context, then rows of both organizations, by:\n{evidence}"
    );
}

/// Writes are shown by one row that is taken back, and where that would touch every row by the plan.
#[test]
fn the_evidence_of_a_write_is_one_row_or_a_plan() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "drop policy orders_org_isolation on public.orders;
         drop policy orders_org_guard on public.orders;
         create policy own on public.orders for select to {app}
             using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
         create policy anybody on public.orders for insert to {app} with check (true);
         create policy late on public.orders for delete to {app} using (true);"
    ));
    let before = db.value("select count(*) from public.orders");
    let report = audit(&db, &["--format", "json"]).expect_code(1).json();
    let evidence = |check: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        let mut of_check = findings.filter(|finding| finding["check"] == check);
        let finding = of_check
            .next()
            .unwrap_or_else(|| panic!("no {check}: {report:#}"));
        finding["evidence"].as_str().unwrap().to_owned()
    };
    let insert = evidence("policy-check-wider");
    assert!(insert.contains("INSERT INTO public.orders"), "{insert}");
    db.sql(&insert);
    let delete = evidence("policy-write-open");
    let plan = db.sql(&delete);
    assert!(delete.contains("EXPLAIN (COSTS OFF) DELETE"), "{delete}");
    let text = format!("{plan:?}");
    assert!(
        text.contains("Delete on orders") && !text.contains("Filter"),
        "{text}"
    );
    assert_eq!(db.value("select count(*) from public.orders"), before);
}

/// A login that has its rights from a group is shown the way through it.
#[test]
fn a_path_goes_through_memberships() {
    let db = Db::new();
    db.shop();
    let (app, group) = (db.role("app"), db.role("readers"));
    db.sql(&format!(
        "create role {group}; grant {group} to {app}; revoke all on public.orders from {app};
         grant select on public.orders to {group}"
    ));
    let report = audit(&db, &["--format", "json"]).expect_code(1).json();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut open =
        findings.filter(|f| f["object"] == "public.orders" && f["check"] == "table-unprotected");
    let steps = [
        app.clone(),
        format!("member of {group}"),
        "SELECT on public.orders".into(),
        "public.orders without row-level security".into(),
    ];
    assert_eq!(open.next().unwrap()["path"], serde_json::json!(steps));
}

/// The fix is one, too: applied as it stands the finding is gone.
#[test]
fn the_fix_mends_it() {
    let db = isolated();
    let orders = "alter table public.orders no force row level security;
                  create view public.report as select * from public.orders;";
    db.sql(&format!(
        "{orders} grant select on public.report to {}",
        db.role("app")
    ));
    let report = audit(&db, &["--format", "json"]).expect_code(1).json();
    assert_eq!(objects(&report, "view-bypasses-rls"), ["public.report"]);
    for finding in report["findings"].as_array().unwrap() {
        if ["view-bypasses-rls", "rls-not-forced"]
            .iter()
            .any(|c| finding["check"] == *c)
        {
            db.sql(finding["fix"].as_str().unwrap());
        }
    }
    audit(&db, &[]).expect_code(0);
}

#[test]
fn the_threshold_decides_and_not_the_format() {
    let db = isolated();
    db.sql("drop index public.orders_organization_id_idx");
    for format in ["table", "json"] {
        let code = |fail_on: &str| {
            let only = ["--check", "key-without-index", "--format", format];
            audit(&db, &[&only[..], &["--fail-on", fail_on]].concat()).code
        };
        assert_eq!(code("info"), Some(1), "{format}");
        assert_eq!(code("critical"), Some(0), "{format}");
    }
}

#[test]
fn what_cannot_be_proved_is_not_a_pass() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "create function public.visible(uuid) returns boolean language plpgsql stable
             as 'declare said boolean; begin
                 execute current_setting(''app.rule'') into said using $1; return said; end';
         create table public.notes (id uuid primary key, organization_id uuid not null);
         grant select on public.notes to {app};
         alter table public.notes enable row level security, force row level security;
         create policy own on public.notes to {app} using (public.visible(organization_id));"
    ));
    let run = audit(&db, &["--fail-on", "high", "--format", "json"]).expect_code(4);
    assert_eq!(run.json()["verdict"], "unproven");
    audit(&db, &["--fail-on", "high", "--allow-unproven"]).expect_code(0);
}

#[test]
fn accepted_findings_have_reasons_and_dates() {
    let db = isolated();
    db.sql(&format!(
        "grant truncate on public.orders to {}",
        db.role("app")
    ));
    let toml = shop::config(&db.role("app"));
    let with = |lines: &str| {
        db.config(&format!(
            "{toml}\n[[allow]]\ncheck = \"truncate-granted\"\nobject = \"public.orders\"\n{lines}"
        ));
        audit(&db, &["--format", "json"])
    };
    assert_eq!(
        objects(
            &audit(&db, &["--format", "json"]).expect_code(1).json(),
            "truncate-granted"
        ),
        ["public.orders"]
    );
    let report = with("reason = \"the nightly import\"")
        .expect_code(0)
        .json();
    assert_eq!(report["accepted"][0]["reason"], "the nightly import");
    assert!(objects(&report, "truncate-granted").is_empty());
    let report = with("reason = \"old\"\nexpires = 2020-01-01")
        .expect_code(1)
        .json();
    assert_eq!(objects(&report, "truncate-granted"), ["public.orders"]);
    assert!(!objects(&report, "allow-expired").is_empty(), "{report}");
    with("").expect_code(2).says(&["has no reason"]);
    db.sql(&format!(
        "revoke truncate on public.orders from {}",
        db.role("app")
    ));
    let report = with("reason = \"gone\"").json();
    let stale = report["findings"].to_string();
    assert!(
        stale.contains("truncate-granted") && stale.contains("public.orders"),
        "{report}"
    );
}

#[test]
fn an_unknown_check_is_a_mistake() {
    let db = isolated();
    for option in ["--check", "--skip"] {
        let run = audit(&db, &[option, "rls-not-forcd"]).expect_code(2);
        run.says(&["rls-not-forcd", "rls-not-forced"]);
    }
}

#[test]
fn a_check_of_ones_own_needs_no_rust() {
    let db = isolated();
    let folder = db.dir().join("own/no-public-tables");
    fs::create_dir_all(&folder).unwrap();
    let check = |sql: &str| {
        let header = "-- title: A table in public\n-- class: coverage\n-- severity: high\n\
                      -- why: Our own tables live in schemas of their own, as our guide says.\n";
        fs::write(folder.join("check.sql"), format!("{header}{sql}")).unwrap();
        audit(&db, &["--checks-dir", "own", "--format", "json"])
    };
    let sql = "select format('%I.%I', schemaname, tablename) as object, 'in public' as detail,
               null::text as fix from pg_catalog.pg_tables where schemaname = 'public' order by 1";
    let report = check(sql).expect_code(1).json();
    let found = objects(&report, "no-public-tables");
    assert_eq!(found, ["public.orders", "public.organizations"]);
    // Writing is refused by the server, a mistake is told, and the other checks go on.
    for broken in [
        "delete from public.orders returning id::text as object, '' as detail, '' as fix",
        "with d as (delete from public.orders returning id) select id::text as object, '' as detail, '' as fix from d",
        "select current_setting('tenantctl.no_such_parameter') as object, '' as detail, '' as fix",
        "select 1/0 as object, '' as detail, '' as fix",
    ] {
        let report = check(broken).expect_code(4).json();
        assert_eq!(report["verdict"], "unproven", "{broken}");
        assert_eq!(
            report["unfinished"][0]["check"], "no-public-tables",
            "{broken}"
        );
    }
    assert_eq!(db.value("select count(*) from public.orders"), "2");
    audit(&db, &["--checks-dir", "missing"]).expect_code(2);
    check("")
        .expect_code(2)
        .says(&["no-public-tables", "no query"]);
}

/// It reads; not a row, not a statistic of a table, not a setting of a role is changed.
#[test]
fn an_audit_changes_nothing() {
    let db = Db::new();
    db.shop();
    let app = db.role("app");
    let state = || {
        db.sql(&format!(
            "select c.oid::regclass::text, c.xmin::text, c.relfilenode::text from pg_class c order by 1;
             select rolname, xmin::text from pg_authid where rolname = '{app}';
             select id::text, xmin::text from public.orders order by 1;"
        ))
    };
    let before = state();
    audit(&db, &[]).expect_code(1);
    assert_eq!(state(), before);
}
