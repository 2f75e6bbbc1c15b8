//! `probe --self-test`: a copy is broken on purpose, and somebody notices; the database itself is
//! only read.

use serde_json::Value;

use crate::support::{Db, shop};

/// Everything of a database that a change would show in, as text.
fn fingerprint(db: &Db) -> String {
    db.value(
        "select md5(string_agg(row::text, ',' order by row::text)) from (
             select c.oid::text || c.relname || c.relrowsecurity || c.relforcerowsecurity || coalesce(c.relacl::text, '')
                 || c.relowner as row from pg_class c where c.relnamespace = 'public'::regnamespace
             union all select polname || coalesce(pg_get_expr(polqual, polrelid), '') from pg_policy
             union all select 'rows' || (select count(*) from public.orders)
         ) everything",
    )
}

fn roles(db: &Db) -> String {
    let app = db.role("app");
    db.value(&format!(
        "select md5(string_agg(r::text, ',' order by r.oid)) from pg_roles r where rolname in ('{app}', 'tenantctl_mutant')"
    ))
}

fn trials(report: &Value) -> Vec<(&str, &str)> {
    let trials = report["self_test"]["trials"].as_array().unwrap().iter();
    trials
        .map(|t| (t["kind"].as_str().unwrap(), t["verdict"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_mutant_of_a_closed_shop_is_killed() {
    let db = Db::new();
    db.isolated_shop();
    let before = (fingerprint(&db), roles(&db));
    let run = db
        .tenantctl(["probe", "--self-test", "--mutant-tables", "1"])
        .args(["--format", "json"])
        .patience(300)
        .run()
        .expect_code(0);
    assert_eq!((fingerprint(&db), roles(&db)), before);
    let report = run.json();
    assert_eq!(report["command"], "probe");
    assert_eq!(report["verdict"], "isolated");
    let counts = &report["self_test"]["mutants"];
    assert_eq!(counts["survived"], 0, "{}", run.stdout);
    assert_eq!(counts["killed"], counts["tried"]);
    assert!(counts["tried"].as_u64().unwrap() >= 40, "{counts}");
    // Both are asked, by themselves.
    assert!(counts["by_audit"].as_u64().unwrap() >= 35, "{counts}");
    assert!(counts["by_probe"].as_u64().unwrap() >= 15, "{counts}");
    // A wide table would say nothing of what cannot be seen by one of them.
    let kinds = trials(&report);
    for kind in ["rls-off", "bypassrls", "group-policy", "delete-true"] {
        assert!(kinds.contains(&(kind, "killed")), "{kind}: {kinds:?}");
    }
}

#[test]
fn what_was_not_tried_says_nothing() {
    let db = Db::new();
    db.isolated_shop();
    let run = db
        .tenantctl(["probe", "--self-test", "--mutant", "rls-off"])
        .args(["--mutant-time", "0"])
        .run()
        .expect_code(4);
    assert!(run.stdout.contains("were not tried"), "{}", run.stdout);
    assert!(
        run.stdout.contains("0 of 0 mutants killed"),
        "{}",
        run.stdout
    );
}

#[test]
fn what_is_open_already_is_not_broken() {
    let db = Db::new();
    db.shop();
    let run = db
        .tenantctl(["probe", "--self-test", "--mutant", "rls-off"])
        .run()
        .expect_code(4);
    assert!(
        run.stdout.contains("2 of 2 tenant tables are open already"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_kind_that_is_not_there_is_a_usage_error() {
    let db = Db::new();
    db.shop();
    db.tenantctl(["probe", "--self-test", "--mutant", "no-such-kind"])
        .run()
        .expect_code(2)
        .says(&["there is no such kind", "rls-off"]);
    db.tenantctl(["probe", "--mutant", "rls-off"])
        .run()
        .expect_code(2)
        .says(&["--self-test"]);
}

#[test]
fn what_cannot_be_copied_is_said_and_left_out() {
    let db = Db::new();
    db.isolated_shop();
    db.sql(
        "create foreign data wrapper nowhere;
         create server elsewhere foreign data wrapper nowhere;
         create foreign table public.remote (organization_id uuid) server elsewhere;",
    );
    let run = db
        .tenantctl(["probe", "--self-test", "--mutant", "rls-off"])
        .run()
        .expect_code(0);
    assert!(
        run.stdout
            .contains("not in the copy: foreign table public remote"),
        "{}",
        run.stdout
    );
}

#[test]
fn nobody_hears_the_rows_of_the_live_database() {
    let db = Db::new();
    db.isolated_shop();
    db.sql(&format!(
        "update public.organizations set name = 'Very Secret Ltd' where id = '{}'",
        shop::B
    ));
    let run = db
        .tenantctl(["probe", "--self-test", "--mutant", "rls-off"])
        .args(["--format", "json"])
        .run()
        .expect_code(0);
    assert!(!run.stdout.contains("Very Secret"), "{}", run.stdout);
    assert!(!run.stdout.contains(shop::B), "{}", run.stdout);
}
