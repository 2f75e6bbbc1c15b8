//! `probe` beyond relations: functions, sequences, large objects, statistics, other sessions, roles, privileges.

use crate::support::shop::{A, B, PASSWORD};
use crate::support::{Db, Outcome};

/// An isolated shop whose orders have a note: text by which they are recognised.
fn shop() -> Db {
    let db = Db::new();
    db.isolated_shop();
    db.sql(&format!(
        "alter table public.orders add note text;
         update public.orders set note = 'alpha buys 11 lamps' where organization_id = '{A}';
         update public.orders set note = 'beta buys 22 chairs' where organization_id = '{B}';"
    ));
    db
}

/// Everything that a probe could have changed.
fn contents(db: &Db) -> String {
    db.value(
        "select (select string_agg(o::text, ',' order by id) from public.organizations o)
             || (select string_agg(o::text, ',' order by id) from public.orders o)
             || (select count(*) from pg_class) || (select count(*) from pg_largeobject_metadata)",
    )
}

#[track_caller]
fn probe(db: &Db, args: &[&str], code: i32) -> Outcome {
    let before = contents(db);
    let url = db.url_as(&db.role("app"), PASSWORD);
    let whole = [&["probe", "--format", "json", "--app-url", &url], args].concat();
    let run = db.tenantctl(whole).run().expect_code(code);
    assert_eq!(contents(db), before);
    run
}

/// `severity check object` of every finding.
fn found(run: &Outcome) -> Vec<String> {
    let json = run.json();
    let word = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let findings = json["findings"].as_array().unwrap();
    let line = |row| {
        ["severity", "check", "object"]
            .map(|key| word(row, key))
            .join(" ")
    };
    findings.iter().map(line).collect()
}

/// The verdict on an object and an operation, and why; `None` where nothing is said of it.
fn covered(run: &Outcome, object: &str, operation: &str) -> Option<(String, String)> {
    let json = run.json();
    let rows = json["coverage"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["object"] == object && row["operation"] == operation)?;
    let word = |key: &str| row[key].as_str().unwrap().to_owned();
    Some((word("verdict"), word("reason")))
}

/// The statements that repeat the only finding of a check, run by an administrator or the application.
fn repeat(db: &Db, run: &Outcome, check: &str) -> String {
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == check)
        .unwrap();
    let script = finding["evidence"].as_str().unwrap();
    let rows = if script.contains("as an administrator") {
        db.sql(script)
    } else {
        db.sql_as(&db.role("app"), PASSWORD, script).unwrap()
    };
    format!("{rows:?}")
}

const HELPER: &str = "language sql stable security definer set search_path = public, pg_temp";
const OWN: &str = "(select nullif(current_setting('app.current_organization_id', true), '')::uuid)";

#[test]
fn a_function_that_returns_anybodys_rows_is_found_and_the_call_repeats_it() {
    let db = shop();
    db.sql(&format!(
        "create function public.note_of(p_order uuid) returns text {HELPER}
             as $$ select note from public.orders where id = p_order $$;"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        ["critical probe-function public.note_of(uuid)"]
    );
    assert!(repeat(&db, &run, "probe-function").contains("beta buys 22 chairs"));
    assert_eq!(
        covered(&run, "public.note_of(uuid)", "select").unwrap().0,
        "leaking"
    );
}

#[test]
fn a_function_that_filters_is_held_because_the_others_own_call_reaches_its_rows() {
    let db = shop();
    db.sql(&format!(
        "create function public.note_of(p_order uuid) returns text {HELPER}
             as $$ select note from public.orders where id = p_order and organization_id = {OWN} $$;
         create function public.shout(p text) returns text {HELPER} as $$ select upper(p) $$;"
    ));
    let run = probe(&db, &[], 0);
    assert_eq!(found(&run), [""; 0]);
    let (verdict, reason) = covered(&run, "public.note_of(uuid)", "select").unwrap();
    assert_eq!(verdict, "held");
    assert!(reason.contains("own call reaches its rows"), "{reason}");
    assert_eq!(
        covered(&run, "public.shout(text)", "select"),
        None,
        "it touches no tenant's rows"
    );
}

#[test]
fn an_answer_that_depends_on_the_others_row_tells_of_it() {
    let db = shop();
    db.sql(&format!(
        "create function public.note_known(p_note text) returns boolean {HELPER}
             as $$ select exists (select from public.orders where note = p_note) $$;
         create function public.orders_in_all() returns bigint {HELPER}
             as $$ select count(*) from public.orders $$;"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        [
            "medium probe-function public.note_known(text)",
            "medium probe-function public.orders_in_all()",
        ]
    );
}

#[test]
fn values_in_messages_and_in_a_cursor_are_values() {
    let db = shop();
    db.sql(
        "create function public.say(p_order uuid) returns void language plpgsql stable security definer as $$
             declare found text;
             begin
                 select o.note into found from public.orders o where o.id = p_order;
                 raise debug 'looked at %', found;
             end $$;
         create function public.browse() returns refcursor language plpgsql stable security definer as $$
             declare rows refcursor;
             begin
                 open rows for select o.note from public.orders o;
                 return rows;
             end $$;",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        [
            "critical probe-function public.browse()",
            "high probe-function public.say(uuid)"
        ]
    );
}

#[test]
fn a_volatile_function_is_called_when_that_is_asked_for() {
    let db = shop();
    db.sql(
        "create function public.purge(p_order uuid) returns void language sql security definer
             set search_path = public, pg_temp as $$ delete from public.orders where id = p_order $$;
         create function public.tidy(p text) returns text language sql security definer
             set search_path = public, pg_temp as $$ select btrim(p) $$;",
    );
    let run = probe(&db, &[], 4);
    let (verdict, reason) = covered(&run, "public.purge(uuid)", "delete").unwrap();
    assert_eq!(verdict, "unproven");
    assert!(reason.contains("--call-volatile"), "{reason}");
    assert_eq!(
        covered(&run, "public.tidy(text)", "select"),
        None,
        "an innocent one costs nothing"
    );
    let run = probe(&db, &["--call-volatile"], 1);
    assert_eq!(found(&run), ["critical probe-function public.purge(uuid)"]);
    assert_eq!(
        covered(&run, "public.purge(uuid)", "delete").unwrap().0,
        "leaking"
    );
    let read_only = probe(&db, &["--call-volatile", "--read-only"], 4);
    assert_eq!(found(&read_only), [""; 0]);
}

#[test]
fn what_reaches_outside_is_never_called() {
    let db = shop();
    db.sql(
        "create sequence public.called;
         grant usage on sequence public.called to public;
         create function public.fetch_note(p_order uuid) returns text language plpgsql security definer as $$
             begin
                 perform setval('public.called', 99);
                 if false then perform pg_read_file('/nowhere'); end if;
                 return (select note from public.orders where id = p_order);
             end $$;",
    );
    let run = probe(&db, &["--call-volatile"], 4);
    let (_, reason) = covered(&run, "public.fetch_note(uuid)", "select").unwrap();
    assert!(
        reason.starts_with("not called: pg_read_file in its body"),
        "{reason}"
    );
    assert_eq!(
        db.value("select is_called::text from public.called"),
        "false"
    );
}

#[test]
fn a_temporary_table_in_front_of_the_real_one_is_tried() {
    let db = shop();
    db.sql(
        "create table public.tokens (token uuid primary key, organization_id uuid not null references public.organizations);
         alter table public.tokens enable row level security, force row level security;
         create function public.notes_by_link(p_link uuid) returns setof text language sql stable security definer as $$
             select o.note from public.orders o join tokens l on l.organization_id = o.organization_id
             where l.token = p_link $$;",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        ["critical probe-shadow public.notes_by_link(uuid)"]
    );
    assert!(repeat(&db, &run, "probe-shadow").contains("beta buys 22 chairs"));
    db.sql("alter function public.notes_by_link(uuid) set search_path = public, pg_temp");
    let run = probe(&db, &[], 0);
    assert_eq!(found(&run), [""; 0]);
}

#[test]
fn a_policy_that_asks_a_helper_for_an_unqualified_table_is_opened_by_a_temporary_one() {
    let db = shop();
    let app = db.role("app");
    db.sql(&format!(
        "create table public.memberships (organization_id uuid primary key references public.organizations);
         alter table public.memberships enable row level security, force row level security;
         create policy own on public.memberships using (organization_id = {OWN});
         grant select on public.memberships to {app};
         create function public.mine() returns setof uuid language plpgsql stable as $$
             begin return query select m.organization_id from memberships m; end $$;
         drop policy orders_org_guard on public.orders;
         drop policy orders_org_isolation on public.orders;
         create policy by_membership on public.orders
             using (organization_id in (select public.mine()));"
    ));
    let run = probe(&db, &[], 1);
    assert!(
        found(&run).contains(&"critical probe-shadow public.mine()".to_owned()),
        "{:?}",
        found(&run)
    );
}

#[test]
fn a_leakproof_function_that_quotes_its_argument_is_found() {
    let db = shop();
    db.sql(
        "create function public.price_in(p text) returns numeric language plpgsql immutable leakproof cost 1
             as $$ begin return p::numeric; end $$;",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        ["critical probe-leakproof public.price_in(text)"]
    );
    db.sql("alter function public.price_in(text) not leakproof");
    assert_eq!(found(&probe(&db, &[], 0)), [""; 0]);
}

#[test]
fn a_sequence_that_all_draw_from_is_read_where_it_may_be() {
    let db = shop();
    let app = db.role("app");
    db.sql(&format!(
        "alter table public.orders add number bigint generated by default as identity;
         grant usage on sequence public.orders_number_seq to {app};"
    ));
    let run = probe(&db, &[], 0);
    assert_eq!(
        covered(&run, "public.orders_number_seq", "select")
            .unwrap()
            .0,
        "held"
    );
    db.sql(&format!(
        "grant select on sequence public.orders_number_seq to {app}"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        ["medium probe-sequence public.orders_number_seq"]
    );
}

#[test]
fn large_objects_are_opened_by_the_number_in_the_others_row() {
    let db = shop();
    let app = db.role("app");
    db.sql("alter table public.orders add scan oid; update public.orders set scan = lo_from_bytea(0, 'scan')");
    assert_eq!(found(&probe(&db, &[], 0)), [""; 0]);
    db.sql(&format!(
        "do $$ declare one oid;
         begin
             for one in select scan from public.orders loop
                 execute format('grant select on large object %s to {app}', one);
             end loop;
         end $$"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["critical probe-large-object public.orders"]);
    // Nobody's row refers to them any more, and they are still open.
    db.sql("update public.orders set scan = null");
    assert_eq!(
        found(&probe(&db, &[], 1)),
        ["high probe-large-object public.orders"]
    );
}

#[test]
fn sampled_values_are_read_where_the_catalog_is_granted() {
    let db = shop();
    let app = db.role("app");
    db.sql(&format!(
        "insert into public.orders (organization_id, note)
             select o.id, 'note of ' || o.slug from public.organizations o, generate_series(1, 50);
         analyze public.orders;
         grant select on pg_catalog.pg_statistic to {app};"
    ));
    let run = probe(&db, &[], 1);
    let found = found(&run);
    assert!(
        found.contains(&"high probe-statistics pg_catalog.pg_statistic".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"info probe-estimates public.orders".to_owned()),
        "{found:?}"
    );
    db.sql(&format!(
        "revoke select on pg_catalog.pg_statistic from {app}"
    ));
    probe(&db, &[], 0);
}

#[test]
fn every_role_in_reach_is_tried() {
    let db = shop();
    let (app, support) = (db.role("app"), db.role("support"));
    db.sql(&format!(
        "create role {support} nologin;
         grant select on public.orders to {support};
         create policy support on public.orders for select to {support} using (true);
         create policy support_guard on public.orders to {support} using (true);
         drop policy orders_org_guard on public.orders;
         alter role {app} noinherit;
         grant {support} to {app};"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), [format!("critical probe-set-role {support}")]);
    // Empty tables get a row first.
    db.sql("delete from public.orders");
    let url = db.url_as(&app, PASSWORD);
    let run = db
        .tenantctl(["probe", "--format", "json", "--app-url", &url])
        .run();
    assert_eq!(
        found(&run.expect_code(1)),
        [format!("critical probe-set-role {support}")]
    );
}

#[test]
fn what_no_policy_looks_at_is_judged_from_the_privileges() {
    let db = shop();
    let app = db.role("app");
    db.sql(&format!(
        "grant trigger, references on public.orders to {app}"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run)[0],
        "high probe-trigger public.orders",
        "{:?}",
        found(&run)
    );
    assert!(found(&run)[1].ends_with("probe-references public.orders"));
    db.sql(&format!("revoke trigger, references on public.orders from {app}; alter table public.orders owner to {app}"));
    let run = probe(&db, &[], 1);
    assert!(found(&run).contains(&format!("critical probe-owner {app}")));
}

#[test]
fn a_notification_with_the_whole_row_is_told_from_one_with_a_key() {
    let db = shop();
    db.sql(
        "create function public.told() returns trigger language plpgsql as $$
             begin perform pg_notify('orders', to_jsonb(new)::text); return new; end $$;
         create trigger told after insert or update on public.orders for each row execute function public.told();",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["high probe-notify public.told()"]);
    db.sql(
        "create or replace function public.told() returns trigger language plpgsql as $$
             begin perform pg_notify('orders', new.id::text); return new; end $$",
    );
    assert_eq!(found(&probe(&db, &[], 0)), [""; 0]);
}

#[test]
fn settings_that_would_switch_protection_off_are_tried() {
    let db = shop();
    let app = db.role("app");
    db.sql(&format!("grant pg_read_all_stats to {app}"));
    assert_eq!(
        found(&probe(&db, &[], 1)),
        [format!("medium probe-activity {app}")]
    );
    db.sql(&format!("revoke pg_read_all_stats from {app}"));
    if db.server().major() >= 15 {
        db.sql(&format!(
            "grant set on parameter session_replication_role to {app}"
        ));
        let run = probe(&db, &[], 1);
        db.sql(&format!(
            "revoke set on parameter session_replication_role from {app}"
        ));
        assert_eq!(
            found(&run),
            [format!("medium probe-replication-role {app}")]
        );
    }
}
