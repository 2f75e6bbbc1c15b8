//! A run that is stopped (fault K07), and one that must not wait for ever (fault L05).

use std::time::{Duration, Instant};

use crate::support::{Db, Running, SIGINT, SIGTERM, Session};

/// Waits until the program waits for a lock in the database.
fn until_it_waits(session: &Session, running: &Running) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let waits = "select from pg_stat_activity
                 where datname = current_database() and application_name = 'tenantctl'
                       and wait_event_type = 'Lock'";
    while session.sql(waits).is_empty() {
        assert!(Instant::now() < deadline, "{} never waits", running.pid());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_signal_ends_the_run_and_what_the_server_runs_for_it() {
    for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
        let db = Db::new();
        db.isolated_shop();
        let holder = db.session();
        holder.sql("begin; lock table pg_catalog.pg_policy in access exclusive mode");
        let running = db.tenantctl(["audit", "--output", "report"]).start();
        // Not the holder: inside of a transaction the activity of others stands still.
        let watcher = db.session();
        until_it_waits(&watcher, &running);
        let signalled = Instant::now();
        running.signal(signal);
        let run = running.wait().expect_code(code).says(&["interrupted"]);
        assert!(signalled.elapsed() < Duration::from_secs(3));
        assert_eq!(run.stdout, "");
        assert!(!db.dir().join("report").exists(), "half a report");
        let left = "select from pg_stat_activity
                    where datname = current_database() and application_name = 'tenantctl'";
        let deadline = Instant::now() + Duration::from_secs(5);
        while !watcher.sql(left).is_empty() {
            assert!(Instant::now() < deadline, "a session is left behind");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_catalog_that_stays_locked_is_no_verdict() {
    let db = Db::new();
    db.isolated_shop();
    let holder = db.session();
    holder.sql("begin; lock table pg_catalog.pg_policy in access exclusive mode");
    let started = Instant::now();
    let run = db.tenantctl(["audit"]).run().expect_code(3);
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(run.stdout, "");
    run.says(&["lock timeout", "SQLSTATE 55P03"]);
}

#[test]
fn a_timeout_that_the_role_brings_along_is_no_pass() {
    let db = Db::new();
    db.isolated_shop();
    let app = db.role("app");
    db.sql(&format!("alter role {app} set statement_timeout = '1ms'"));
    let url = db.url_as(&app, crate::support::shop::PASSWORD);
    let run = db.tenantctl(["audit", "--database-url", &url]).run();
    // Our own timeouts go over the role's.
    run.expect_code(0);
}
