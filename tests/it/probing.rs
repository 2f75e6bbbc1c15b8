//! `probe`: what it finds on a real server, what it refuses to call held, and what it leaves behind.

use crate::support::shop::{A, B, PASSWORD};
use crate::support::{Db, Outcome};

pub(crate) fn isolated() -> Db {
    let db = Db::new();
    db.isolated_shop();
    db
}

/// Everything that a probe could have changed.
pub(crate) fn contents(db: &Db) -> String {
    db.value(
        "select (select string_agg(o::text, ',' order by id) from public.organizations o)
             || coalesce((select string_agg(o::text, ',' order by id) from public.orders o), '')",
    )
}

/// Probes as the application's own login; the database is as it was.
#[track_caller]
pub(crate) fn probe(db: &Db, args: &[&str], code: i32) -> Outcome {
    let before = contents(db);
    let url = db.url_as(&db.role("app"), PASSWORD);
    let whole = [&["probe", "--format", "json", "--app-url", &url], args].concat();
    let run = db.tenantctl(whole).run().expect_code(code);
    assert_eq!(contents(db), before);
    run
}

/// `check object` of every finding.
pub(crate) fn found(run: &Outcome) -> Vec<String> {
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let name = |finding: &serde_json::Value| {
        format!(
            "{} {}",
            finding["check"].as_str().unwrap(),
            finding["object"].as_str().unwrap()
        )
    };
    findings.iter().map(name).collect()
}

/// `object operation verdict` of every coverage row that is not held.
pub(crate) fn not_held(run: &Outcome) -> Vec<String> {
    let json = run.json();
    let rows = json["coverage"].as_array().unwrap();
    assert!(!rows.is_empty());
    rows.iter()
        .filter(|row| row["verdict"] != "held")
        .map(|row| {
            let word = |key: &str| row[key].as_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                word("object"),
                word("operation"),
                word("verdict")
            )
        })
        .collect()
}

pub(crate) fn reason(run: &Outcome, object: &str, operation: &str) -> String {
    let json = run.json();
    let rows = json["coverage"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["object"] == object && row["operation"] == operation);
    row.unwrap()["reason"].as_str().unwrap().to_owned()
}

pub(crate) fn evidence(run: &Outcome, check: &str) -> String {
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == check);
    finding.unwrap()["evidence"].as_str().unwrap().to_owned()
}

#[test]
fn an_isolated_shop_is_held_on_every_operation() {
    let db = isolated();
    let run = probe(&db, &[], 0);
    assert_eq!(found(&run), [""; 0]);
    assert_eq!(not_held(&run), [""; 0]);
    assert_eq!(run.json()["coverage"].as_array().unwrap().len(), 8);
    assert_eq!(run.json()["verdict"], "isolated");
    // The same database, the same bytes.
    assert_eq!(probe(&db, &[], 0).stdout, run.stdout);
}

#[test]
fn an_open_shop_leaks_and_the_evidence_repeats_it() {
    let db = Db::new();
    db.shop();
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        [
            "probe-delete public.orders",
            "probe-read public.orders",
            "probe-read public.organizations",
            "probe-update public.orders",
            "probe-insert public.orders",
            "probe-rekey public.orders",
        ]
    );
    let script = evidence(&run, "probe-read");
    let rows = db.sql_as(&db.role("app"), PASSWORD, &script).unwrap();
    assert_eq!(rows, [[Some("1".to_owned())]], "{script}");
    let before = contents(&db);
    for check in [
        "probe-insert",
        "probe-rekey",
        "probe-update",
        "probe-delete",
    ] {
        db.sql_as(&db.role("app"), PASSWORD, &evidence(&run, check))
            .unwrap();
    }
    assert_eq!(contents(&db), before);
}

#[test]
fn empty_tables_are_attacked_with_rows_made_up_for_it() {
    let db = isolated();
    db.sql("delete from public.orders");
    let run = probe(&db, &[], 0);
    assert_eq!(not_held(&run), [""; 0]);
    assert!(run.stdout.contains("1 table without rows of both"));
    // The guard keeps a policy that was added later from mattering; without it, a made-up row leaks.
    db.sql(
        "drop policy orders_org_guard on public.orders;
         create policy later on public.orders for select using (true)",
    );
    let run = probe(&db, &[], 1);
    let script = evidence(&run, "probe-read");
    assert!(script.contains("/* as an administrator */ BEGIN; insert into public.orders"));
    assert_eq!(db.sql(&script), [[Some("1".to_owned())]], "{script}");
}

#[test]
fn a_registry_without_organizations_gets_two_for_the_time_of_the_probe() {
    let db = isolated();
    db.sql("delete from public.organizations");
    let url = db.url_as(&db.role("app"), PASSWORD);
    let run = db
        .tenantctl(["probe", "--format", "json", "--app-url", &url])
        .run()
        .expect_code(0);
    assert_eq!(not_held(&run), [""; 0]);
    assert!(run.stdout.contains("fewer than two organizations"));
    assert_eq!(db.value("select count(*) from public.organizations"), "0");
}

#[test]
fn without_a_login_the_administrator_becomes_the_role_and_says_so() {
    let db = isolated();
    let run = db
        .tenantctl(["probe", "--format", "json"])
        .run()
        .expect_code(0);
    assert!(run.stdout.contains("attacked with SET ROLE"));
    assert!(reason(&run, "public.orders", "select").contains("with SET ROLE"));
    // With a password by libpq's ways it is a login.
    let pgpass = format!("*:*:*:{}:{PASSWORD}\n", db.role("app"));
    let file = db.config(&crate::support::shop::config(&db.role("app")));
    let file = file.with_file_name("pgpass");
    std::fs::write(&file, pgpass).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).unwrap();
    let run = db
        .tenantctl(["probe", "--format", "json"])
        .env("PGPASSFILE", &file.to_string_lossy())
        .run()
        .expect_code(0);
    assert!(!run.stdout.contains("SET ROLE"), "{}", run.stdout);
}

#[test]
fn a_row_that_its_own_organization_cannot_see_proves_nothing() {
    let db = isolated();
    db.sql("create policy nobody on public.orders as restrictive for select using (false)");
    let run = probe(&db, &[], 4);
    assert!(not_held(&run).contains(&"public.orders select unproven".to_owned()));
    assert!(reason(&run, "public.orders", "select").contains("does not see its own row either"));
}

#[test]
fn a_blind_delete_is_found_although_one_with_a_condition_is_held() {
    let db = isolated();
    db.sql(
        "drop policy orders_org_guard on public.orders;
         create policy cleanup on public.orders for delete using (true)",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-delete public.orders"]);
    assert_eq!(not_held(&run), ["public.orders delete leaking"]);
    let script = evidence(&run, "probe-delete");
    assert!(
        script.contains("delete from public.orders; ROLLBACK"),
        "{script}"
    );
}

#[test]
fn a_row_stopped_by_a_constraint_alone_was_let_through() {
    let db = isolated();
    db.sql(
        "drop policy orders_org_guard on public.orders;
         create policy import on public.orders for insert with check (true);
         alter table public.orders add constraint never check (total < 0) not valid",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-insert public.orders"]);
    assert!(reason(&run, "public.orders", "insert").contains("only constraint never stopped"));
}

#[test]
fn a_view_of_a_superuser_is_found_and_the_fix_closes_it() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "create view public.open_orders as select * from public.orders;
         grant select on public.open_orders to {app}"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-view public.open_orders"]);
    if db.server().major() >= 15 {
        db.sql(run.json()["findings"][0]["fix"].as_str().unwrap());
        probe(&db, &[], 0);
    }
}

#[test]
fn a_sum_over_everybody_is_found_by_what_changes_it() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "create view public.turnover as select sum(total) as total from public.orders;
         grant select on public.turnover to {app}"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-view public.turnover"]);
    assert_eq!(run.json()["findings"][0]["severity"], "medium");
    if db.server().major() >= 15 {
        db.sql("alter view public.turnover set (security_invoker = true)");
        let run = probe(&db, &[], 0);
        assert!(reason(&run, "public.turnover", "select").contains("one more row"));
    }
}

#[test]
fn roles_and_settings_are_named_where_they_are_the_cause() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!("alter role {app} bypassrls"));
    let run = probe(&db, &[], 1);
    assert!(found(&run).contains(&format!("probe-role {app}")));
    db.sql(&format!(
        "alter role {app} nobypassrls;
         alter role {app} set app.current_organization_id = '{B}'"
    ));
    let run = probe(&db, &[], 1);
    assert!(found(&run).contains(&format!("probe-preset-context {app}")));
}

#[test]
fn an_index_over_all_organizations_is_an_oracle() {
    let db = isolated();
    db.sql(
        "alter table public.orders add column number text;
         update public.orders set number = 'R-' || id;
         create unique index orders_number on public.orders (upper(number))",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-unique public.orders"]);
    let script = evidence(&run, "probe-unique");
    let refused = db.sql_as(&db.role("app"), PASSWORD, &script).unwrap_err();
    assert_eq!(refused.code, "23505");
}

#[test]
fn nothing_is_written_where_nothing_may_be() {
    let db = isolated();
    let unproven = [
        "public.orders insert unproven",
        "public.orders update unproven",
        "public.orders delete unproven",
    ];
    let run = probe(&db, &["--read-only"], 4);
    assert_eq!(not_held(&run), unproven);
    assert!(reason(&run, "public.orders", "delete").contains("--read-only"));
    probe(&db, &["--read-only", "--allow-unproven"], 0);
    let toml = crate::support::shop::config(&db.role("app"));
    db.config(&format!("{toml}\n[probe]\nrefuse = [\"DB_*\"]\n"));
    let run = probe(&db, &[], 4);
    assert_eq!(not_held(&run), unproven);
    assert!(reason(&run, "public.orders", "insert").contains("matches [probe] refuse"));
}

#[test]
fn organizations_can_be_chosen() {
    let db = isolated();
    probe(&db, &["--org", A, "--org", B], 0);
    let unknown = "cccccccc-0000-4000-8000-000000000003";
    probe(&db, &["--org", A], 2).says(&["--org has to be given twice"]);
    probe(&db, &["--org", A, "--org", A], 2).says(&["the same organization twice"]);
    probe(&db, &["--org", A, "--org", unknown], 2).says(&["no such organization"]);
    probe(&db, &["--org", A, "--org", "x'"], 2).says(&["no such organization"]);
}

#[test]
fn who_cannot_attack_is_told_why() {
    let db = isolated();
    let other = db.role("other");
    db.sql(&format!("create role {other} login password 'other'"));
    let url = db.url_as(&other, "other");
    db.tenantctl(["probe", "--app-url", &url])
        .run()
        .expect_code(2)
        .says(&["is not the application role", &other]);
    let url = db.url_as(&db.role("app"), "wrong");
    let run = db.tenantctl(["probe", "--app-url", &url]).run();
    let run = run.expect_code(3).says(&["password"]);
    assert!(!run.stderr.contains("wrong"), "{}", run.stderr);
    let url = db
        .url_as(&db.role("app"), PASSWORD)
        .replace(db.name(), "postgres");
    db.tenantctl(["probe", "--app-url", &url])
        .run()
        .expect_code(2)
        .says(&["not in the same database"]);
    db.config(&crate::support::shop::config("nobody_of_that_name"));
    db.tenantctl(["probe"])
        .run()
        .expect_code(2)
        .says(&["role nobody_of_that_name does not exist"]);
}

#[test]
fn what_was_accepted_is_not_reported_again() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "create view public.open_orders as select * from public.orders;
         grant select on public.open_orders to {app}"
    ));
    let toml = crate::support::shop::config(&app);
    db.config(&format!(
        "{toml}\n[[allow]]\ncheck = \"probe-view\"\nobject = \"public.open_orders\"\n\
         reason = \"the back office reads everybody's\"\n"
    ));
    let run = probe(&db, &[], 0);
    assert_eq!(found(&run), [""; 0]);
}
