//! `--pooler-url` against a real PgBouncer in each of its modes, and organizations that take turns
//! on the connections of our own pool.

mod bouncer;

use bouncer::Bouncer;
use serde_json::Value;

use crate::support::{Db, Outcome, shop};

fn probe(db: &Db, url: &str, code: i32) -> Outcome {
    db.tenantctl(["probe", "--format", "json", "--switches", "600"])
        .args(["--pooler-url", url])
        .run()
        .expect_code(code)
}

/// What became of each way of setting the context.
fn ways(report: &Value) -> Vec<(String, String)> {
    let ways = report["pooler"]["ways"].as_array().unwrap().iter();
    ways.map(|way| {
        let text = |key: &str| way[key].as_str().unwrap().to_owned();
        (text("way"), text("verdict"))
    })
    .collect()
}

fn verdict(report: &Value, way: &str) -> String {
    let found = ways(report).into_iter().find(|(name, _)| name == way);
    found
        .unwrap_or_else(|| panic!("{way} is not in {report}"))
        .1
}

fn checks(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|found| {
            let text = |key: &str| found[key].as_str().unwrap().to_owned();
            (text("check"), text("severity"))
        })
        .collect()
}

const LOCAL: &str = "SET LOCAL in a transaction";

#[test]
fn transaction_pooling_hands_on_what_is_set_for_the_session() {
    let db = Db::new();
    db.isolated_shop();
    let Some(pooler) = Bouncer::before(&db, "pool_mode = transaction") else {
        return;
    };
    let report = probe(&db, &pooler.url(&db), 0).json();
    assert_eq!(report["pooler"]["mode"], "transaction");
    assert_eq!(report["pooler"]["use_way"], LOCAL);
    for way in [LOCAL, "set_config(…, true) in a transaction"] {
        assert_eq!(verdict(&report, way), "safe");
    }
    for way in ["SET", "set_config(…, false)", "SET, and RESET when done"] {
        assert_eq!(verdict(&report, way), "leaks");
    }
    assert_eq!(verdict(&report, "startup options"), "refused");
    // What many do rightly is no reason to stop a build.
    let expected = ("probe-pooler-shares-settings".to_owned(), "low".to_owned());
    assert_eq!(checks(&report), [expected]);
    let turns = &report["pooler"]["interleaved"];
    assert_eq!(
        (&turns["switches"], &turns["seen"]),
        (&600.into(), &0.into())
    );
}

#[test]
fn a_pooler_that_always_resets_is_safe_by_every_way() {
    let db = Db::new();
    db.isolated_shop();
    let settings = "pool_mode = transaction\nserver_reset_query_always = 1";
    let Some(pooler) = Bouncer::before(&db, settings) else {
        return;
    };
    let report = probe(&db, &pooler.url(&db), 0).json();
    assert_eq!(report["pooler"]["mode"], "transaction");
    assert_eq!(verdict(&report, "SET"), "safe");
    assert!(checks(&report).is_empty());
}

#[test]
fn session_pooling_is_as_safe_as_what_is_done_between_clients() {
    let db = Db::new();
    db.isolated_shop();
    let Some(pooler) = Bouncer::before(&db, "pool_mode = session") else {
        return;
    };
    let report = probe(&db, &pooler.url(&db), 0).json();
    assert_eq!(report["pooler"]["mode"], "session");
    assert_eq!(verdict(&report, "SET"), "safe");
    assert!(checks(&report).is_empty());
    drop(pooler);
    let settings = "pool_mode = session\nserver_reset_query =";
    let Some(pooler) = Bouncer::before(&db, settings) else {
        return;
    };
    let report = probe(&db, &pooler.url(&db), 1).json();
    assert_eq!(verdict(&report, "SET"), "leaks");
    assert_eq!(verdict(&report, LOCAL), "safe");
    let expected = (
        "probe-pooler-shares-settings".to_owned(),
        "medium".to_owned(),
    );
    assert_eq!(checks(&report), [expected]);
}

#[test]
fn statement_pooling_leaves_one_message_for_both() {
    let db = Db::new();
    db.isolated_shop();
    let Some(pooler) = Bouncer::before(&db, "pool_mode = statement") else {
        return;
    };
    let report = probe(&db, &pooler.url(&db), 0).json();
    assert_eq!(report["pooler"]["mode"], "statement");
    assert_eq!(verdict(&report, LOCAL), "refused");
    let only = "SET LOCAL and the query in one message";
    assert_eq!(verdict(&report, only), "safe");
    assert_eq!(report["pooler"]["use_way"], only);
}

#[test]
fn a_context_that_a_client_left_is_found() {
    let db = Db::new();
    db.isolated_shop();
    let Some(pooler) = Bouncer::before(&db, "pool_mode = transaction") else {
        return;
    };
    let careless = crate::support::Session::open(&pooler.url(&db)).unwrap();
    careless.sql(&format!("set app.current_organization_id = '{}'", shop::B));
    let report = probe(&db, &pooler.url(&db), 1).json();
    let expected = (
        "probe-pooler-context-left".to_owned(),
        "critical".to_owned(),
    );
    assert!(checks(&report).contains(&expected), "{report}");
}

#[test]
fn nothing_of_the_trials_stays_on_the_poolers_connections() {
    let db = Db::new();
    db.isolated_shop();
    let Some(pooler) = Bouncer::before(&db, "pool_mode = transaction") else {
        return;
    };
    let run = probe(&db, &pooler.url(&db), 0);
    assert!(
        !run.stdout.contains("could not be reached again"),
        "{}",
        run.stdout
    );
    let client = crate::support::Session::open(&pooler.url(&db)).unwrap();
    for _ in 0..20 {
        let rows = client.sql(
            "select coalesce(current_setting('tenantctl.nonce', true), ''), \
             coalesce(current_setting('app.current_organization_id', true), ''), \
             (select count(*) from pg_prepared_statements)::text",
        );
        let row: Vec<_> = rows[0].iter().map(|cell| cell.clone().unwrap()).collect();
        assert_eq!(row, ["", "", "0"]);
    }
}

#[test]
fn without_a_pooler_nothing_is_claimed() {
    let db = Db::new();
    db.isolated_shop();
    let url = db.url_as(&db.role("app"), shop::PASSWORD);
    let run = probe(&db, &url, 4);
    assert_eq!(run.json()["pooler"]["mode"], "unshared");
    assert!(run.stdout.contains("leads to no pooler"), "{}", run.stdout);
}

#[test]
fn another_login_through_the_pooler_is_a_usage_error() {
    let db = Db::new();
    db.isolated_shop();
    let url = db.url();
    db.tenantctl(["probe", "--pooler-url", &url])
        .run()
        .expect_code(2)
        .says(&["--pooler-url", "is not the application role"]);
}

#[test]
fn two_organizations_take_turns_and_never_meet() {
    let db = Db::new();
    db.isolated_shop();
    let app = db.url_as(&db.role("app"), shop::PASSWORD);
    for args in [vec!["--app-url", app.as_str()], vec![]] {
        let report = db
            .tenantctl(["probe", "--format", "json", "--switches", "1000"])
            .args(args)
            .run()
            .expect_code(0)
            .json();
        let turns = &report["interleaved"];
        assert_eq!(turns["switches"], 1000, "{turns}");
        assert_eq!(turns["tables"], 2, "{turns}");
        assert_eq!(turns["seen"], 0, "{turns}");
    }
}

#[test]
fn a_context_that_a_function_remembers_is_found_by_taking_turns() {
    let db = Db::new();
    db.isolated_shop();
    let app = db.role("app");
    // Remembers the first context of a connection, as a cache in a session does.
    db.sql(&format!(
        "create function public.remembered() returns uuid language plpgsql stable as $$
         begin
             if coalesce(current_setting('app.remembered', true), '') = '' then
                 perform set_config('app.remembered', current_setting('app.current_organization_id', true), false);
             end if;
             return nullif(current_setting('app.remembered', true), '')::uuid;
         end $$;
         drop policy orders_org_guard on public.orders;
         alter policy orders_org_isolation on public.orders
             using (organization_id = (select public.remembered())) with check (organization_id = (select public.remembered()));
         grant execute on function public.remembered() to {app};"
    ));
    let url = db.url_as(&app, shop::PASSWORD);
    let report = db
        .tenantctl(["probe", "--format", "json", "--app-url", &url])
        .run()
        .expect_code(1)
        .json();
    let found = checks(&report);
    assert!(
        found.iter().any(|(_, severity)| severity == "critical"),
        "{found:?}"
    );
}

/// Each transaction may have another server connection; only indexes need one that stays.
#[test]
fn isolation_is_applied_and_reverted_through_transaction_pooling() {
    let db = Db::new();
    db.shop();
    let owner = db.role("owner");
    db.sql(&format!(
        "create role {owner} login password '{}';
         create table items (id int, organization_id uuid);
         alter table orders owner to {owner}; alter table organizations owner to {owner}; alter table items owner to {owner};
         grant create on schema public to {owner}",
        shop::PASSWORD
    ));
    let Some(pooler) = Bouncer::before(&db, "pool_mode = transaction") else {
        return;
    };
    let url = pooler.url_as(&db, "owner");
    let run = |args: &[&str], code| {
        let run = db.tenantctl(args).args(["--database-url", &url]);
        run.run().expect_code(code)
    };
    let apply = ["apply", "--yes", "--accept-lockout", &owner];
    run(&apply, 3).says(&["there is a pooler in between", "--no-indexes"]);
    let isolated = "select count(*) from pg_class where relrowsecurity and relforcerowsecurity";
    assert_eq!(db.value(isolated), "0");
    run(&[&apply[..], &["--no-indexes"]].concat(), 0);
    assert_eq!(db.value(isolated), "3");
    run(&["plan", "--check", "--no-indexes"], 0);
    run(&["revert", "--yes"], 0);
    assert_eq!(db.value(isolated), "0");
    assert_eq!(db.value("select count(*) from pg_policy"), "0");
}
