//! A probe that is killed at any moment leaves the database as it was.

use std::time::{Duration, Instant};

use super::{busy_shop, contents, probe};
use crate::support::{Db, Session};

/// How often in each mode: `TENANTCTL_KILLS`, otherwise few.
fn kills() -> u32 {
    let given = std::env::var("TENANTCTL_KILLS").ok();
    given.map_or(5, |text| text.parse().expect("TENANTCTL_KILLS is a number"))
}

/// Waits until the server has noticed that the program is gone.
fn until_gone(session: &Session) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let left = "select from pg_stat_activity
                where datname = current_database() and application_name = 'tenantctl'";
    while !session.sql(left).is_empty() {
        assert!(Instant::now() < deadline, "a session is left behind");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Kills a probe after each of several times; `mend` is run when it is gone.
fn kill(args: &[&str], mend: impl Fn(&Db)) {
    let db = busy_shop();
    // One table without a row of either organization: canaries in the default mode, too.
    db.sql("delete from public.items");
    let state = || (contents(&db), db.dump(false));
    let before = state();
    let started = Instant::now();
    probe(&db, args).run().expect_code(0);
    let whole = started.elapsed();
    let watcher = db.session();
    let kills = kills();
    for nth in 0..kills {
        // Spread over the run, and not at the same places each time the test runs.
        let at = whole.mul_f64((f64::from(nth) + rand::random::<f64>()) / f64::from(kills));
        let running = probe(&db, args).start();
        std::thread::sleep(at);
        running.signal(libc::SIGKILL);
        running.wait();
        until_gone(&watcher);
        mend(&db);
        assert_eq!(state(), before, "killed after {at:?} of {whole:?}");
    }
}

#[test]
fn what_is_rolled_back_needs_nobody() {
    kill(&[], |_| {});
}

#[test]
fn what_is_committed_is_removed_by_the_next_run() {
    kill(&["--login"], |db| {
        probe(db, &["--cleanup"]).run().expect_code(0);
    });
}
