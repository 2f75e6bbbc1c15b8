//! Nobody waits for a probe, and a probe waits for nobody.

use std::time::{Duration, Instant};

use super::{busy_shop, probe, said};

#[test]
fn no_table_is_ever_locked_against_its_readers() {
    let db = busy_shop();
    // A reader in an open transaction: who wants the table for himself has to wait, and is seen.
    let reader = db.session();
    reader.sql(
        "begin; lock table public.organizations, public.orders, public.items, public.log,
             public.totals in access share mode",
    );
    let watcher = db.session();
    let running = probe(&db, &["--login"]).start();
    let locks = "select l.relation::regclass::text, a.query from pg_locks l
                 join pg_stat_activity a on a.pid = l.pid
                 where l.mode = 'AccessExclusiveLock' and a.application_name = 'tenantctl'
                   and l.locktype = 'relation' and l.relation >= 16384";
    let mut seen = Vec::new();
    let mut looks = 0;
    let alive = "select from pg_stat_activity where application_name = 'tenantctl'
                 and datname = current_database()";
    let deadline = Instant::now() + Duration::from_secs(30);
    while looks == 0 || !watcher.sql(alive).is_empty() {
        assert!(Instant::now() < deadline, "the probe never ends");
        let rows = watcher.sql(locks);
        looks += usize::from(!watcher.sql(alive).is_empty());
        seen.extend(rows);
    }
    running.wait().expect_code(0);
    assert_eq!(seen, [] as [Vec<Option<String>>; 0]);
    assert!(looks > 3, "{looks} looks");
}

#[test]
fn a_table_that_somebody_keeps_locked_is_unproven_and_the_others_are_not() {
    let db = busy_shop();
    let holder = db.session();
    holder.sql("begin; lock table public.items in exclusive mode");
    let started = Instant::now();
    let run = probe(&db, &[]).run().expect_code(4);
    assert!(started.elapsed() < Duration::from_secs(30));
    let items = said(&run, "public.items", "insert");
    assert!(items.starts_with("unproven"), "{items}");
    assert!(items.contains("lock timeout"), "{items}");
    for operation in ["select", "insert", "update", "delete"] {
        let orders = said(&run, "public.orders", operation);
        let fine = orders.starts_with("held") || orders.contains("lock timeout");
        assert!(fine, "{operation} is {orders}");
    }
}

#[test]
fn a_lock_that_is_let_go_is_no_reason() {
    let db = busy_shop();
    let holder = db.session();
    holder.sql("begin; lock table public.items in exclusive mode");
    let running = probe(&db, &[]).start();
    let watcher = db.session();
    let waits = "select from pg_stat_activity where datname = current_database()
                 and application_name = 'tenantctl' and wait_event_type = 'Lock'
                 and query like '%savepoint tenantctl%'";
    let deadline = Instant::now() + Duration::from_secs(20);
    while watcher.sql(waits).is_empty() {
        assert!(Instant::now() < deadline, "it never waits");
    }
    holder.sql("rollback");
    // The table is attacked once more at the end.
    let run = running.wait().expect_code(0);
    assert!(said(&run, "public.items", "select").starts_with("held"));
}

#[test]
fn every_attack_runs_under_limits() {
    let db = busy_shop();
    db.sql(
        "create function public.limited() returns boolean language plpgsql as $$
         begin
             if current_setting('lock_timeout') = '0' or current_setting('statement_timeout') = '0'
                or current_setting('idle_in_transaction_session_timeout') = '0' then
                 raise exception 'no limits';
             end if;
             return true;
         end $$;
         create policy limited on public.orders as restrictive using (public.limited())",
    );
    for args in [&[][..], &["--login"], &["--read-only"]] {
        let run = probe(&db, args).run();
        assert!(!run.stdout.contains("no limits"), "{}", run.stdout);
        let read = said(&run, "public.orders", "select");
        assert!(read.starts_with("held"), "{read}");
    }
}
