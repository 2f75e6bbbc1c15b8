//! `apply` and `revert` killed at random moments: one more run, and all is as if nothing had happened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::reverting::{shop_on, state};
use crate::support::Db;

/// How often: `TENANTCTL_KILLS`, otherwise few.
fn kills() -> u32 {
    let given = std::env::var("TENANTCTL_KILLS").ok();
    given.map_or(4, |text| text.parse().expect("TENANTCTL_KILLS is a number"))
}

/// Row-level security without a policy hides everything, a policy without it nothing.
const HALVES: &str = "select count(*) from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and c.relname not in ('enabled', 'forced')
      and c.relrowsecurity <> exists (select from pg_policy p where p.polrelid = c.oid)";

/// Ends the watch, by a panic too.
struct Ending<'s>(&'s AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const MANY: &str = "do $$ begin for i in 1..12 loop
    execute format('create table many_%s (id int, organization_id uuid)', i); end loop; end $$;";

#[test]
fn killed_anywhere_and_run_again_it_ends_the_same() {
    let db = Db::new();
    shop_on(&db, MANY);
    there_and_back(&db, &["apply", "--yes", "--quiet"]);
}

/// Something for every option.
fn everything() -> Db {
    let db = Db::new();
    shop_on(&db, MANY);
    let app = db.role("app");
    db.sql(&format!(
        "create table lines (id uuid primary key, order_id uuid references orders, organization_id uuid not null, email text unique);
         create view seen as select * from orders;
         create function count_orders() returns bigint language sql security definer as 'select count(*) from orders';
         alter table orders enable row level security;
         create policy theirs on orders using (organization_id is not null);
         create policy odd on enabled using (true);
         grant select on seen to {app};
         grant truncate, trigger, references on many_1, lines to {app};
         grant create on schema public to {app};
         alter default privileges grant all on tables to public;
         alter table enabled disable row level security"
    ));
    db
}

const ASKED_FOR: [&str; 9] = [
    "--replace",
    "--constraints",
    "--privileges",
    "--views",
    "--watchdog",
    "--constraint",
    "composite-reference:public.lines:lines_order_id_fkey",
    "--constraint",
    "tenant-unique:public.lines:lines_email_key",
];

#[test]
fn so_it_does_with_everything_that_can_be_asked_for() {
    let db = everything();
    let plan = ["plan", "--format", "json"].into_iter().chain(ASKED_FOR);
    let plan = db.tenantctl(plan).run().json();
    for kind in [
        "isolate",
        "index",
        "constraint",
        "revoke",
        "view",
        "watchdog",
    ] {
        let changes = plan["changes"].as_array().unwrap();
        assert!(
            changes.iter().any(|change| change["kind"] == kind),
            "{kind}: {plan:#}"
        );
    }
    let apply = ["apply", "--yes", "--quiet"];
    there_and_back(&db, &[&apply[..], &ASKED_FOR].concat());
}

#[test]
fn the_script_of_everything_does_what_apply_does() {
    let (one, other) = (everything(), everything());
    let apply = ["apply", "--yes", "--quiet"].into_iter().chain(ASKED_FOR);
    one.tenantctl(apply).run().expect_code(0);
    let plan = ["plan", "--format", "sql"].into_iter().chain(ASKED_FOR);
    let script = other.tenantctl(plan).run().expect_code(0);
    if other.script(&script.stdout) {
        assert_eq!(one.dump_of_any_plan(), other.dump_of_any_plan());
    }
}

/// Kills `apply` and `revert` in turn, while somebody looks for a table that is half protected.
fn there_and_back(db: &Db, apply: &[&str]) {
    let before = state(db);
    let revert = ["revert", "--yes", "--quiet"];
    let started = Instant::now();
    db.tenantctl(apply).run().expect_code(0);
    let whole = started.elapsed();
    let applied = state(db);
    db.tenantctl(revert).run().expect_code(0);
    assert_eq!(state(db), before);
    let (stop, kills) = (AtomicBool::new(false), kills());
    std::thread::scope(|scope| {
        let watch = || {
            let session = db.session();
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(session.sql(HALVES)[0][0].as_deref(), Some("0"));
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        scope.spawn(watch);
        let _ending = Ending(&stop);
        for nth in 0..kills {
            for (command, end) in [(apply, &applied), (&revert[..], &before)] {
                let part = (f64::from(nth) + rand::random::<f64>()) / f64::from(kills);
                let running = db.tenantctl(command).start();
                std::thread::sleep(whole.mul_f64(part));
                running.signal(libc::SIGKILL);
                running.wait();
                db.tenantctl(command).run().expect_code(0);
                assert_eq!(
                    &state(db),
                    end,
                    "{command:?} killed after {part:.3} of {whole:?}"
                );
            }
        }
    });
}

/// The server goes on waiting for a lock, and then with the change, when nobody is there any more.
#[test]
fn what_a_killed_run_asked_for_is_waited_for() {
    let db = Db::new();
    db.shop();
    let holder = db.session();
    holder.sql("begin; select from orders");
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%ALTER TABLE public.orders%'";
    let running = db
        .tenantctl(["apply", "--yes", "--lock-timeout", "60s"])
        .start();
    let started = Instant::now();
    while db.value(waiting) != "1" {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it never waits"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    running.signal(libc::SIGKILL);
    running.wait();
    db.tenantctl(["apply", "--yes", "--max-wait", "1s"])
        .run()
        .expect_code(3)
        .says(&[
            "another tenantctl is changing this database (pid ",
            "nothing was changed",
        ]);
    assert_eq!(db.value(waiting), "1");
    let next = db.tenantctl(["apply", "--yes"]).start();
    std::thread::sleep(Duration::from_millis(300));
    holder.sql("commit");
    next.wait().expect_code(0);
    db.tenantctl(["plan", "--check"]).run().expect_code(0);
}
