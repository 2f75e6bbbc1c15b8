//! `--login`: canaries that are committed, and gone at the end.

use super::{busy_shop, contents, notes, probe, said};
use crate::support::{Db, SIGINT};

/// Where the records are: the program's home is the test's folder.
fn records(db: &Db) -> usize {
    let folder = db.dir().join(".local/state/tenantctl");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn two_logins_attack_and_nothing_stays() {
    let db = busy_shop();
    let before = contents(&db);
    let run = probe(&db, &["--login"]).run().expect_code(0);
    assert_eq!(contents(&db), before);
    assert_eq!(records(&db), 0);
    let notes = notes(&run);
    assert!(notes.contains("canaries were committed"), "{notes}");
    assert!(!notes.contains("could not be committed"), "{notes}");
    for operation in ["select", "insert", "update", "delete"] {
        let said = said(&run, "public.items", operation);
        assert!(said.starts_with("held"), "{operation} is {said}");
    }
    // The same database, the same bytes.
    let again = probe(&db, &["--login"]).run().expect_code(0);
    assert_eq!(again.stdout, run.stdout);
}

#[test]
fn a_leak_is_found_and_its_evidence_makes_the_rows_itself() {
    let db = busy_shop();
    db.sql(
        "drop policy orders_org_guard on public.orders;
         create policy later on public.orders for select using (true)",
    );
    let before = contents(&db);
    let run = probe(&db, &["--login"]).run().expect_code(1);
    assert_eq!(contents(&db), before);
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let read = findings
        .iter()
        .find(|finding| finding["check"] == "probe-read" && finding["object"] == "public.orders");
    let script = read.unwrap()["evidence"].as_str().unwrap();
    assert!(script.contains("insert into public.orders"), "{script}");
    assert!(!db.sql(script).is_empty(), "{script}");
    assert_eq!(contents(&db), before);
}

#[test]
fn a_row_that_could_not_be_taken_back_is_not_committed() {
    let db = busy_shop();
    // The log may only grow.
    db.sql(
        "create function public.never() returns trigger language plpgsql as $$
             begin raise exception 'the log is append-only'; end $$;
         create trigger never before delete on public.log for each row execute function public.never()",
    );
    let before = contents(&db);
    let run = probe(&db, &["--login"]).run().expect_code(0);
    assert_eq!(contents(&db), before);
    let notes = notes(&run);
    assert!(notes.contains("the log is append-only"), "{notes}");
    assert!(said(&run, "public.orders", "select").starts_with("held"));
}

#[test]
fn a_row_that_was_there_before_is_not_changed_for_a_canary() {
    let db = busy_shop();
    db.sql(
        "create table public.counters (name text primary key, n int not null default 0);
         insert into public.counters values ('orders', 2);
         create function public.count_it() returns trigger language plpgsql security definer as $$
             begin update public.counters set n = n + 1 where name = 'orders'; return null; end $$;
         create trigger count_it after insert on public.orders
             for each row execute function public.count_it()",
    );
    let before = contents(&db);
    let run = probe(&db, &["--login"]).run().expect_code(0);
    assert_eq!(contents(&db), before);
    let notes = notes(&run);
    assert!(
        notes.contains("changes a row of public.counters"),
        "{notes}"
    );
}

#[test]
fn an_interrupted_probe_takes_its_canaries_with_it() {
    let db = busy_shop();
    let before = contents(&db);
    let watcher = db.session();
    let canary = "select from public.organizations where id::text like '7e4a4c71%'";
    let running = probe(&db, &["--login"]).start();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while watcher.sql(canary).is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "no canary is ever committed"
        );
    }
    assert_eq!(records(&db), 1);
    running.signal(SIGINT);
    running
        .wait()
        .expect_code(130)
        .says(&["interrupted", "removed"]);
    assert_eq!(contents(&db), before);
    assert_eq!(records(&db), 0);
}

#[test]
fn a_canary_of_another_machine_is_left_alone() {
    let db = busy_shop();
    db.sql(
        "insert into public.organizations values ('7e4a4c71-0000-4000-8000-0000000000a2', 'x', 'x')",
    );
    let before = contents(&db);
    probe(&db, &["--login"])
        .run()
        .expect_code(3)
        .says(&["7e4a4c71-0000-4000-8000-0000000000a2", "--cleanup"]);
    probe(&db, &["--cleanup"])
        .run()
        .expect_code(0)
        .says(&["no canaries"]);
    assert_eq!(contents(&db), before);
}

#[test]
fn without_a_login_there_is_nothing_to_commit_for() {
    let db = busy_shop();
    let app = db.role("app");
    db.sql(&format!("alter role {app} nologin"));
    db.tenantctl(["probe", "--login"])
        .run()
        .expect_code(2)
        .says(&["--login needs a login of the application role"]);
}

#[test]
fn a_session_that_the_server_ends_is_no_verdict_and_leaves_nothing() {
    let db = busy_shop();
    let before = contents(&db);
    let watcher = db.session();
    let running = probe(&db, &["--login"]).start();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where application_name = 'tenantctl' and datname = current_database()
                 and query like '%savepoint tenantctl%'
                 and exists (select from public.organizations where id::text like '7e4a4c71%')";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while watcher.sql(end).is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "no canary is ever committed"
        );
    }
    let run = running.wait().expect_code(3);
    // The first where a statement was running.
    let told =
        run.stderr.contains("57P01") || run.stderr.contains("connection to the server was lost");
    assert!(told, "{}", run.stderr);
    assert_eq!(contents(&db), before);
    assert_eq!(records(&db), 0);
}

#[test]
fn a_row_that_only_the_commit_would_refuse_is_not_committed() {
    let db = busy_shop();
    db.sql(
        "create function public.at_the_end() returns trigger language plpgsql as $$
             begin raise exception 'an order needs three items'; end $$;
         create constraint trigger at_the_end after insert on public.orders
             deferrable initially deferred for each row execute function public.at_the_end()",
    );
    let before = contents(&db);
    let run = probe(&db, &["--login"]).run();
    assert_eq!(contents(&db), before);
    assert_eq!(records(&db), 0);
    assert!(
        notes(&run).contains("an order needs three items"),
        "{}",
        run.text()
    );
}
