//! That a probe is safe on a database that is in use: nothing stays, nobody waits, nothing reaches
//! outside.

mod committed;
mod killed;
mod locks;
mod standby;
mod triggers;

use crate::support::shop::{A, B, PASSWORD};
use crate::support::{Db, Invocation, Outcome};

/// An isolated shop with what makes a probe's life hard: numbers from sequences, children without
/// the key, a log that triggers write to, a view.
fn busy_shop() -> Db {
    let db = Db::new();
    db.isolated_shop();
    let app = db.role("app");
    db.sql(&format!(
        "create table public.log (id serial primary key, what text, at timestamptz default now());
         create function public.note_it() returns trigger language plpgsql security definer as $$
             begin insert into public.log (what) values (tg_op || ' on ' || tg_table_name); return null; end $$;
         create trigger note_it after insert or update or delete on public.orders
             for each row execute function public.note_it();
         create table public.items (id serial primary key,
             order_id uuid not null references public.orders on delete cascade, name text);
         alter table public.items enable row level security, force row level security;
         create policy items_own on public.items using (order_id in (select id from public.orders))
             with check (order_id in (select id from public.orders));
         create view public.totals with (security_invoker) as
             select organization_id, sum(total) as total from public.orders group by 1;
         insert into public.items (order_id, name) select id, 'item ' || total from public.orders;
         grant select, insert, update, delete on public.items to {app};
         grant select on public.totals to {app};
         grant usage on sequence public.items_id_seq to {app};"
    ));
    let base = crate::support::shop::config(&app);
    db.config(&format!(
        "{base}\n[tables]\nshared = [\"public.log\"]\n\n[tables.via]\n\
         \"public.items\" = \"order_id -> public.orders.id\"\n"
    ));
    db
}

/// A probe by the application's own login, as JSON.
fn probe(db: &Db, args: &[&str]) -> Invocation {
    let url = db.url_as(&db.role("app"), PASSWORD);
    let whole = [&["probe", "--format", "json", "--app-url", &url], args].concat();
    db.tenantctl(whole)
}

fn notes(run: &Outcome) -> String {
    run.json()["notes"].to_string()
}

/// `verdict: reason` of an operation on a table.
#[track_caller]
fn said(run: &Outcome, object: &str, operation: &str) -> String {
    let json = run.json();
    let rows = json["coverage"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["object"] == object && row["operation"] == operation);
    let row = row.unwrap_or_else(|| panic!("nothing about {operation} on {object}"));
    format!(
        "{}: {}",
        row["verdict"].as_str().unwrap(),
        row["reason"].as_str().unwrap()
    )
}

/// Every row of every table, and which tables, views and functions there are.
fn contents(db: &Db) -> String {
    let tables = db.sql(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'm') order by 1",
    );
    let each: Vec<String> = tables
        .iter()
        .map(|row| {
            let name = row[0].as_deref().unwrap();
            format!(
                "select '{name}' || coalesce(string_agg(x::text, E'\\n' order by x::text), '') from {name} x"
            )
        })
        .collect();
    let rows = db.sql(&each.join(" union all "));
    let catalog = db.value(
        "select string_agg(what, E'\\n' order by what) from (
             select c.oid || c.relname || coalesce(c.relacl::text, '') || c.relrowsecurity from pg_class c
                 join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'
             union all select oid || proname from pg_proc where pronamespace = 'public'::regnamespace
             union all select oid || polname from pg_policy) c(what)",
    );
    format!("{rows:?}\n{catalog}")
}

#[test]
fn what_was_verified_is_said_and_gaps_in_sequences_too() {
    let db = busy_shop();
    let before = contents(&db);
    let run = probe(&db, &[]).run().expect_code(0);
    assert_eq!(contents(&db), before);
    let notes = notes(&run);
    for part in [
        "nothing is left behind",
        "pg_xact_status",
        "3 of 3 tenant tables",
        "public.log_id_seq",
    ] {
        assert!(notes.contains(part), "{part} is not in {notes}");
    }
}

#[test]
fn others_who_write_meanwhile_are_no_alarm() {
    let db = busy_shop();
    let writer = db.session();
    let running = probe(&db, &[]).start();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let at_work = "select from pg_stat_activity where application_name = 'tenantctl'
                   and query like '%savepoint tenantctl%' and datname = current_database()";
    while writer.sql(at_work).is_empty() {
        assert!(std::time::Instant::now() < deadline, "it never attacks");
    }
    writer.sql(&format!(
        "insert into public.orders (organization_id, total) values ('{A}', 1), ('{B}', 2)"
    ));
    let run = running.wait().expect_code(0);
    let notes = notes(&run);
    assert!(notes.contains("nothing is left behind"), "{notes}");
}

#[test]
fn a_configured_name_is_never_written_to() {
    let db = busy_shop();
    let config = db.read("tenantctl.toml");
    db.config(&format!("{config}\n[probe]\nrefuse = [\"db_*\"]\n"));
    let run = probe(&db, &[]).run().expect_code(4);
    let insert = said(&run, "public.orders", "insert");
    assert!(insert.contains("matches [probe] refuse"), "{insert}");
    assert_eq!(
        said(&run, "public.orders", "select").split(':').next(),
        Some("held")
    );
    probe(&db, &["--login"])
        .run()
        .expect_code(2)
        .says(&["--login commits rows", "matches [probe] refuse"]);
}

/// An administrator as managed services have them: owns the tables, and is subject to FORCE.
fn owned_shop(membership: &str) -> (Db, String) {
    let db = busy_shop();
    let (owner, app) = (db.role("owner"), db.role("app"));
    db.sql(&format!(
        "create role {owner} login password '{PASSWORD}';
         alter table public.organizations owner to {owner};
         alter table public.orders owner to {owner};
         alter table public.items owner to {owner};
         alter view public.totals owner to {owner};
         grant {app} to {owner} {membership}"
    ));
    let url = db.url_as(&owner, PASSWORD);
    (db, url)
}

#[test]
fn an_owner_who_is_no_superuser_is_told_what_could_not_be_seen() {
    let (db, url) = owned_shop("");
    let before = contents(&db);
    let run = probe(&db, &["--database-url", &url]).run();
    assert_eq!(contents(&db), before);
    assert!(matches!(run.code, Some(0 | 4)), "{}", run.text());
    let read = said(&run, "public.orders", "select");
    assert!(read.starts_with("held"), "{read}");
    let notes = notes(&run);
    assert!(
        notes.contains("could not count the rows of 3 tables"),
        "{notes}"
    );
    assert!(notes.contains("nothing is left behind"), "{notes}");
    // What is committed has to be seen by whoever takes it back.
    let run = probe(&db, &["--database-url", &url, "--login"]).run();
    assert_eq!(contents(&db), before);
    assert!(run.code != Some(0), "{}", run.text());
}

#[test]
fn a_member_that_may_not_become_the_role_needs_its_login() {
    let server = crate::support::server();
    if server.major() < 16 {
        // Before, who is a member may always SET ROLE.
        return;
    }
    let (db, url) = owned_shop("with set false");
    let app = db.role("app");
    let run = probe(&db, &["--database-url", &url]).run();
    // It sees no organization without a context, and cannot make rows up for one of its own.
    let read = said(&run, "public.orders", "select");
    assert!(read.contains("SET ROLE is refused"), "{read}");
    let named = ["--database-url", &url, "--org", A, "--org", B];
    let run = probe(&db, &named).run();
    let read = said(&run, "public.orders", "select");
    assert!(read.starts_with("held"), "{read}");
    db.sql(&format!("alter role {app} nologin"));
    let args = ["probe", "--database-url", &url];
    db.tenantctl(args)
        .run()
        .expect_code(3)
        .says(&["SET ROLE is refused"]);
}
