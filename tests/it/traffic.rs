//! What an application notices while `apply` and `revert` run under it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::shop::{A, B, PASSWORD};
use crate::support::{Db, Session};

const TABLES: usize = 20;
const CLIENTS: usize = 4;

/// For one attempt at a lock: as long as the application may have to wait for us.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// On top of it, for what the machine itself takes.
const SLACK: Duration = Duration::from_millis(500);

/// A shop with tables that are in use.
fn busy_shop() -> Db {
    let db = Db::new();
    db.shop();
    let app = db.role("app");
    db.sql(&format!(
        "do $$ begin for i in 1..{TABLES} loop
             execute format('create table busy_%s (id bigserial primary key, organization_id uuid not null, note text)', i);
             execute format('grant select, insert, update, delete on busy_%s to {app}', i);
             execute format('grant usage on sequence busy_%s_id_seq to {app}', i);
             execute format('insert into busy_%s (organization_id, note) select case when n %% 2 = 0 then %L else %L end::uuid, ''note'' from generate_series(1, 2000) n', i, '{A}', '{B}');
         end loop; end $$",
    ));
    db
}

/// What one client saw.
#[derive(Debug, Default)]
struct Seen {
    transactions: usize,
    longest: Duration,
    failures: Vec<String>,
}

/// Transactions of one organization, one after the other, until told to stop.
fn client(session: &Session, nth: usize, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let organization = [A, B][nth % 2];
    while !stop.load(Ordering::Relaxed) {
        let table = format!("busy_{}", 1 + rand::random_range(0..TABLES));
        let text = format!(
            "begin; select set_config('app.current_organization_id', '{organization}', true);
             insert into {table} (organization_id, note) values ('{organization}', 'new');
             select count(*) from {table} where organization_id = '{organization}';
             update {table} set note = 'changed' where id = (select max(id) from {table} where organization_id = '{organization}');
             commit"
        );
        let started = Instant::now();
        if let Err(why) = session.ask(&text) {
            seen.failures.push(why.to_string());
            let _ = session.ask("rollback");
        }
        seen.longest = seen.longest.max(started.elapsed());
        seen.transactions += 1;
    }
    seen
}

/// Runs `work` under traffic.
fn under_traffic(db: &Db, work: impl FnOnce()) -> Vec<Seen> {
    let stop = AtomicBool::new(false);
    let url = db.url_as(&db.role("app"), PASSWORD);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|nth| {
                let session = Session::open(&url).unwrap_or_else(|why| panic!("{why}"));
                let stop = &stop;
                scope.spawn(move || client(&session, nth, stop))
            })
            .collect();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        stop.store(true, Ordering::Relaxed);
        let seen = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
        seen
    })
}

#[track_caller]
fn nobody_suffered(seen: &[Seen]) {
    let failures: Vec<&String> = seen.iter().flat_map(|seen| &seen.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let longest = seen.iter().map(|seen| seen.longest).max().unwrap();
    let transactions: usize = seen.iter().map(|seen| seen.transactions).sum();
    // Captured by the runner, and shown with --nocapture.
    eprintln!("{transactions} transactions, the longest took {longest:?}");
    assert!(transactions > 50, "no traffic: {transactions}");
    assert!(
        longest < LOCK_TIMEOUT + SLACK,
        "a transaction took {longest:?}"
    );
}

const ISOLATED: &str = "select count(*) from pg_class c where c.relname like 'busy%'
    and c.relrowsecurity and c.relforcerowsecurity
    and (select count(*) from pg_policy p where p.polrelid = c.oid) = 2
    and exists (select from pg_index i where i.indrelid = c.oid and i.indisvalid and not i.indisprimary)";

#[test]
fn no_transaction_fails_and_none_waits_for_long() {
    let db = busy_shop();
    let seen = under_traffic(&db, || {
        let apply = &["apply", "--yes", "--quiet", "--constraints"][..];
        for command in [apply, &["revert", "--yes", "--quiet"], apply] {
            db.tenantctl(command).run().expect_code(0);
        }
    });
    nobody_suffered(&seen);
    assert_eq!(db.value(ISOLATED), TABLES.to_string());
}

/// How long somebody holds a lock, and a change is tried for: `TENANTCTL_HOLD` seconds, otherwise few.
fn hold() -> String {
    let seconds = std::env::var("TENANTCTL_HOLD");
    format!("{}s", seconds.unwrap_or_else(|_| "6".to_owned()))
}

#[test]
fn who_holds_a_lock_is_left_alone_and_the_next_run_finishes() {
    let db = busy_shop();
    let holder = db.session();
    holder.ask("begin").unwrap();
    holder.ask("select note from busy_7 where id = 11").unwrap();
    let seen = under_traffic(&db, || {
        let apply = db.tenantctl(["apply", "--yes", "--constraints", "--max-wait", &hold()]);
        let run = apply.patience(600).run().expect_code(3);
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "isolate:public.busy_7",
            "skipped",
            "idle in transaction",
            "select note from busy_7 where id = ?",
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        holder.ask("commit").unwrap();
        db.tenantctl(["apply", "--yes", "--quiet", "--constraints"])
            .run()
            .expect_code(0);
    });
    nobody_suffered(&seen);
    assert_eq!(db.value(ISOLATED), TABLES.to_string());
}
