//! Canaries: rows made up for empty tables of every shape, and what is said where none can be made.

use std::time::{Duration, Instant};

use crate::support::shop::{A, B, PASSWORD};
use crate::support::{Db, Outcome};

/// A shop whose orders are isolated and empty.
fn empty_shop() -> Db {
    let db = Db::new();
    db.isolated_shop();
    db.sql("delete from public.orders");
    db
}

/// Isolates and opens tables that were made by the test.
fn isolate(db: &Db, tables: &[&str]) {
    let app = db.role("app");
    let own = "organization_id::text = (select nullif(current_setting('app.current_organization_id', true), ''))";
    for table in tables {
        db.sql(&format!(
            "alter table {table} enable row level security, force row level security;
             create policy own on {table} using ({own}) with check ({own});
             grant select, insert, update, delete on {table} to {app}"
        ));
    }
}

#[track_caller]
fn probe(db: &Db, code: i32) -> Outcome {
    let url = db.url_as(&db.role("app"), PASSWORD);
    let run = db.tenantctl(["probe", "--format", "json", "--app-url", &url]);
    run.run().expect_code(code)
}

/// `object operation: reason` of every coverage row that is not held.
fn not_held(run: &Outcome) -> Vec<String> {
    let json = run.json();
    let word = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = json["coverage"].as_array().unwrap();
    assert!(!rows.is_empty());
    rows.iter()
        .filter(|row| row["verdict"] != "held")
        .map(|row| {
            let (object, operation) = (word(row, "object"), word(row, "operation"));
            format!("{object} {operation}: {}", word(row, "reason"))
        })
        .collect()
}

/// Every empty table of a schema gets rows, and is held.
#[track_caller]
fn all_are_made(ddl: &str, tables: &[&str]) {
    let db = empty_shop();
    db.sql(ddl);
    isolate(&db, tables);
    let run = probe(&db, 0);
    assert_eq!(not_held(&run), [""; 0]);
    for table in tables {
        let count = db.value(&format!("select count(*) from {table}"));
        assert_eq!(count, "0", "{table}");
    }
}

const KEY: &str = "organization_id uuid not null references public.organizations";

/// Types of which every row can be made.
const TYPES: &[&str] = &[
    "smallint",
    "integer",
    "bigint",
    "numeric(4,2)",
    "numeric",
    "real",
    "double precision",
    "money",
    "boolean",
    "text",
    "varchar(3)",
    "char(5)",
    "char(1)",
    "\"char\"",
    "name",
    "bytea",
    "uuid",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz(0)",
    "interval",
    "json",
    "jsonb",
    "xml",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "bit(3)",
    "bit varying(4)",
    "tsvector",
    "tsquery",
    "jsonpath",
    "pg_lsn",
    "oid",
    "regclass",
    "regtype",
    "regrole",
    "regnamespace",
    "regconfig",
    "regproc",
    "regprocedure",
    "xid",
    "tid",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tsrange",
    "tstzrange",
    "int4multirange",
    "datemultirange",
    "text[]",
    "uuid[]",
    "integer[][]",
    "jsonb[]",
    "public.mood",
    "public.mood[]",
    "public.email",
    "public.emails",
    "public.part",
    "public.part[]",
    "public.span",
];

#[test]
fn every_type() {
    let columns: Vec<String> = TYPES
        .iter()
        .enumerate()
        .map(|(nth, name)| format!("c{nth} {name} not null"))
        .collect();
    all_are_made(
        &format!(
            "create type public.mood as enum ('sad', 'ok');
             create domain public.email as text not null check (value ~ '^[^@ ]+@[a-z.]+$');
             create domain public.emails as public.email[] check (cardinality(value) > 0);
             create type public.part as (code text, \"at\" date, tags text[]);
             create type public.span as range (subtype = time);
             create table public.everything (id bigint generated always as identity primary key, {KEY}, {});
             create table public.optional (id serial primary key, {KEY}, {})",
            columns.join(", "),
            columns.join(", ").replace(" not null", "")
        ),
        &["public.everything", "public.optional"],
    );
}

#[test]
fn conditions_of_many_shapes() {
    all_are_made(
        &format!(
            "create domain public.percent as numeric check (value between 0 and 100);
             create table public.checked (
                 code char(6) not null check (code ~ '^[A-Z]{{2}}-[0-9]{{3}}$'),
                 {KEY},
                 status text not null check (status in ('draft', 'sent', 'paid')),
                 kind text not null default 'b2b' check (kind = any (array['b2b', 'b2c'])),
                 iban text not null check (iban like 'DE__%' and length(iban) between 8 and 22),
                 slug text not null check (slug = lower(slug) and slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 12),
                 initials text not null check (length(initials) = 2 and initials = upper(initials)),
                 rating smallint not null check (rating > 3 and rating < 5),
                 even integer not null check (even % 2 = 0 and even >= 40),
                 share public.percent not null,
                 starts date not null, ends date not null check (ends > starts),
                 born date not null check (born < current_date - interval '18 years'),
                 quantity integer not null check (quantity > 0), price numeric(8,2) not null check (price >= 0.01),
                 total numeric not null, check (total = quantity * price),
                 phone text, mail text, check (num_nonnulls(phone, mail) = 1),
                 paid_at timestamptz, check ((status = 'paid') = (paid_at is not null)),
                 tags text[] not null check (array_length(tags, 1) >= 2),
                 doc jsonb not null check (doc ? 'kind' and doc ->> 'version' = '2'),
                 addresses jsonb not null check (jsonb_typeof(addresses) = 'array'),
                 period tstzrange not null check (not isempty(period) and upper(period) is not null),
                 host inet not null check (family(host) = 6),
                 month date not null check (date_trunc('month', month) = month),
                 a integer not null, b integer not null, c integer not null, check (a < b and b < c),
                 primary key (organization_id, code))"
        ),
        &["public.checked"],
    );
}

#[test]
fn keys_indexes_and_exclusions() {
    all_are_made(
        &format!(
            "create extension btree_gist;
             create table public.rooms (id serial primary key, {KEY}, name text not null, unique (organization_id, id));
             create table public.bookings (
                 id integer generated by default as identity primary key, {KEY},
                 room_id integer not null,
                 during tstzrange not null,
                 number integer not null,
                 deleted_at timestamptz,
                 foreign key (organization_id, room_id) references public.rooms (organization_id, id),
                 exclude using gist (room_id with =, during with &&));
             create unique index on public.bookings (organization_id, (number + 1)) where deleted_at is null;
             create table public.profiles (
                 room_id integer not null, {KEY}, flag boolean not null, primary key (organization_id, room_id),
                 foreign key (organization_id, room_id) references public.rooms (organization_id, id),
                 unique (organization_id, flag))"
        ),
        &["public.rooms", "public.bookings", "public.profiles"],
    );
}

#[test]
fn families_circles_and_parents_that_are_nobodys() {
    all_are_made(
        &format!(
            "create table public.currencies (code char(3) primary key check (code ~ '^[A-Z]{{3}}$'), name text not null);
             create table public.countries (id serial primary key, currency char(3) not null references public.currencies);
             create table public.folders (id uuid primary key default gen_random_uuid(), {KEY},
                 parent_id uuid not null references public.folders, root_id uuid references public.folders);
             create table public.teams (id uuid primary key, {KEY}, lead_id uuid);
             create table public.people (id uuid primary key, {KEY}, team_id uuid not null references public.teams,
                 country_id integer not null references public.countries);
             alter table public.teams add foreign key (lead_id) references public.people;
             create table public.hens (id uuid primary key default gen_random_uuid(), {KEY}, egg uuid not null);
             create table public.eggs (id uuid primary key default gen_random_uuid(), {KEY},
                 hen uuid not null references public.hens deferrable);
             alter table public.hens add foreign key (egg) references public.eggs deferrable initially deferred;
             create table public.defaults (id serial primary key, {KEY},
                 country_id integer not null default 1 references public.countries)"
        ),
        &["public.folders", "public.teams", "public.people", "public.hens", "public.eggs", "public.defaults"],
    );
}

#[test]
fn bounds_of_partitions() {
    all_are_made(
        &format!(
            "create table public.logs ({KEY}, at timestamptz not null default now(), level text not null, primary key (at, level, organization_id)) partition by range (at);
             create table public.logs_2021 partition of public.logs for values from ('2021-01-01') to ('2022-01-01') partition by list (level);
             create table public.logs_2021_a partition of public.logs_2021 for values in ('warn', 'error');
             create table public.logs_2022 partition of public.logs for values from ('2022-01-01') to ('2023-01-01');
             create table public.events ({KEY}, id bigint not null, body text) partition by hash (id);
             create table public.events_0 partition of public.events for values with (modulus 3, remainder 0);
             create table public.events_1 partition of public.events for values with (modulus 3, remainder 1);
             create table public.events_2 partition of public.events for values with (modulus 3, remainder 2)"
        ),
        &["public.logs", "public.logs_2021", "public.logs_2021_a", "public.logs_2022",
          "public.events", "public.events_0", "public.events_1", "public.events_2"],
    );
}

#[test]
fn keys_that_are_generated_or_filled_by_a_trigger() {
    let db = empty_shop();
    db.sql(
        "create table public.documents (
             doc jsonb not null,
             organization_id uuid not null generated always as ((doc ->> 'org')::uuid) stored,
             handle text not null generated always as (doc #>> '{who,handle}') stored,
             primary key (organization_id, handle));
         create table public.files (path text primary key check (path ~ '^/'),
             organization_id uuid not null generated always as ((split_part(path, '/', 3))::uuid) stored);
         create table public.notes (id serial primary key, organization_id uuid not null, body text not null);
         create function public.mine() returns trigger language plpgsql as $$
         begin new.organization_id := current_setting('app.current_organization_id')::uuid; return new; end $$;
         create trigger mine before insert on public.notes for each row execute function public.mine()",
    );
    isolate(&db, &["public.documents", "public.files", "public.notes"]);
    let run = probe(&db, 0);
    assert_eq!(not_held(&run), [""; 0]);
}

#[test]
fn what_cannot_be_made_is_unproven_in_the_databases_words() {
    let db = empty_shop();
    db.sql(&format!(
        "create table public.never (id serial primary key, {KEY}, check (false));
         create table public.raising (id serial primary key, {KEY});
         create function public.refuse() returns trigger language plpgsql as $$
         begin raise exception 'books are closed since %', 2019; end $$;
         create trigger refuse before insert on public.raising for each row execute function public.refuse();
         create table public.late (id serial primary key, {KEY});
         create constraint trigger late after insert on public.late deferrable initially deferred
             for each row execute function public.refuse()"
    ));
    isolate(&db, &["public.never", "public.raising", "public.late"]);
    let started = Instant::now();
    let run = probe(&db, 4);
    assert!(started.elapsed() < Duration::from_secs(20));
    let reasons = not_held(&run);
    for (table, words) in [
        ("public.never", "violates check constraint \"never_check\""),
        ("public.raising", "books are closed since 2019"),
        (
            "public.late",
            "could be inserted and not committed: books are closed since 2019",
        ),
    ] {
        let start = format!("{table} select: ");
        let reason = reasons.iter().find(|row| row.starts_with(&start));
        let reason = reason.unwrap_or_else(|| panic!("{reasons:#?}"));
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn a_row_that_the_attacker_would_see_is_made_up() {
    let db = empty_shop();
    db.sql(&format!(
        "create table public.posts (id serial primary key, {KEY}, title text not null,
             state text not null default 'draft' check (state in ('draft', 'review', 'public')));
         create table public.shares (id serial primary key, {KEY}, post_id integer not null references public.posts)"
    ));
    isolate(&db, &["public.posts", "public.shares"]);
    db.sql("create policy open on public.posts for select using (state = 'public')");
    let run = probe(&db, 1);
    assert_eq!(run.json()["findings"][0]["object"], "public.posts");
    let script = run.json()["findings"][0]["evidence"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(script.contains("'public'"), "{script}");
    // Through another table, which has to have a row as well.
    db.sql(
        "drop policy open on public.posts;
         create function public.shared(integer) returns boolean language sql stable security definer
             as 'select exists (select from public.shares where post_id = $1)';
         create policy open on public.posts for select using (public.shared(id))",
    );
    let run = probe(&db, 1);
    assert_eq!(run.json()["findings"][0]["object"], "public.posts");
}

#[test]
fn an_owner_under_force_makes_rows_as_policies_let_him() {
    let db = empty_shop();
    let (owner, app) = (db.role("owner"), db.role("app"));
    db.sql(&format!(
        "create role {owner} login password '{PASSWORD}' in role {app};
         grant usage on schema public to {owner};
         alter table public.organizations owner to {owner};
         alter table public.orders owner to {owner}"
    ));
    let admin = db.url_as(&owner, PASSWORD);
    let run = db
        .tenantctl(["probe", "--format", "json"])
        .env("TENANTCTL_DATABASE_URL", &admin)
        .run();
    let reasons = not_held(&run);
    assert!(
        !reasons
            .iter()
            .any(|row| row.starts_with("public.orders select")),
        "{reasons:#?}"
    );
}

#[test]
fn a_thousand_partitions_and_five_hundred_columns() {
    let db = empty_shop();
    let columns: Vec<String> = (0..498)
        .map(|nth| format!("c{nth} text not null"))
        .collect();
    db.sql(&format!(
        "create table public.wide (id bigint primary key, {KEY}, {});
         create table public.many ({KEY}, n integer not null, body text) partition by list (n);
         do $$ begin for i in 1..1000 loop
             execute format('create table public.many_%s partition of public.many for values in (%s)', i, i);
         end loop; end $$",
        columns.join(", ")
    ));
    isolate(&db, &["public.wide", "public.many"]);
    let started = Instant::now();
    let run = probe(&db, 0);
    assert_eq!(not_held(&run), [""; 0]);
    assert!(
        started.elapsed() < Duration::from_secs(240),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn canaries_carry_a_marker_of_their_organization() {
    let db = empty_shop();
    db.sql(&format!(
        "create table public.notes (id uuid primary key, {KEY}, title text not null, doc jsonb not null, tags text[] not null)"
    ));
    isolate(&db, &["public.notes"]);
    db.sql("create policy open on public.notes for select using (true)");
    let run = probe(&db, 1);
    let script = run.json()["findings"][0]["evidence"]
        .as_str()
        .unwrap()
        .to_owned();
    let (a, b) = (script.find(A).unwrap(), script.find(B).unwrap());
    let (mine, theirs) = if a < b {
        (&script[a..b], &script[b..])
    } else {
        (&script[a..], &script[b..a])
    };
    assert!(mine.matches("tenantctl-a-").count() >= 3, "{script}");
    assert!(theirs.matches("tenantctl-b-").count() >= 3, "{script}");
}

/// Who may read what depends on more than the context.
#[test]
fn what_policies_ask_for_beside_the_context_is_set() {
    let db = empty_shop();
    db.sql(&format!(
        "create table public.tickets (id uuid primary key, {KEY}, assignee text, subject text not null);
         create table public.drivers (id uuid primary key, {KEY}, region text not null)"
    ));
    isolate(&db, &["public.tickets", "public.drivers"]);
    db.sql(
        "create policy managers on public.tickets as restrictive for select
             using (assignee = current_setting('app.login', true) or current_setting('app.job', true) in ('agent', 'manager'));
         create policy region on public.drivers as restrictive
             using ((region, 1) = (current_setting('app.region', true), 1))",
    );
    let run = probe(&db, 0);
    assert_eq!(not_held(&run), [""; 0]);
    // A second context is no such setting: an organization has no business there.
    db.sql(
        "create policy twice on public.drivers as restrictive
             using (organization_id::text = current_setting('app.other', true))",
    );
    probe(&db, 4);
}

/// The same place in two partitions is not the same row.
#[test]
fn rows_without_a_key_are_told_apart_by_their_partition() {
    let db = empty_shop();
    db.sql(&format!(
        "create table public.visits ({KEY}, n integer) partition by hash (organization_id);
         create table public.visits_0 partition of public.visits for values with (modulus 2, remainder 0);
         create table public.visits_1 partition of public.visits for values with (modulus 2, remainder 1);
         insert into public.visits values ('{A}', 1), ('{B}', 1)"
    ));
    isolate(&db, &["public.visits"]);
    let run = probe(&db, 0);
    assert_eq!(not_held(&run), [""; 0]);
}

/// A table that nobody classified, filled by a trigger, or by reference somebody's.
#[test]
fn what_would_be_in_an_empty_table_is_found_out() {
    let db = empty_shop();
    let app = db.role("app");
    db.sql(&format!(
        "create table public.history (at timestamptz default now(), old jsonb);
         create function public.remember() returns trigger language plpgsql security definer as $$
         begin insert into public.history (old) values (to_jsonb(old)); return new; end $$;
         create trigger remember after update on public.orders for each row execute function public.remember();
         create table public.feed (id serial primary key, actor uuid references public.organizations, line text not null);
         create materialized view public.totals as select id, total from public.orders;
         grant select on public.history, public.feed, public.totals to {app}"
    ));
    let run = probe(&db, 1);
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let objects: Vec<_> = findings
        .iter()
        .map(|one| one["object"].as_str().unwrap())
        .collect();
    assert_eq!(objects, ["public.feed", "public.history", "public.totals"]);
    for one in findings {
        let script = one["evidence"].as_str().unwrap();
        assert!(!db.sql(script).is_empty(), "{script}");
    }
}
