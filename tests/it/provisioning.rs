//! `plan` and `apply`: the fixed point, the locks, and what becomes of a run that is disturbed.

use std::time::{Duration, Instant};

use crate::support::shop::{A, B, config};
use crate::support::{Db, SIGINT, Session, for_each_version};

/// Whether any table has one half of its isolation and not the other.
const HALVES: &str = "select count(*) from pg_class c
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
      and c.relrowsecurity <> exists (select from pg_policy p where p.polrelid = c.oid)";

const ISOLATED: &str = "select count(*) from pg_class c
    where c.relrowsecurity and c.relforcerowsecurity
      and (select count(*) from pg_policy p where p.polrelid = c.oid) = 2";

const WAITING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'";

/// A shop whose application role is provisioned, with these tables besides.
fn shop_on(db: &Db, more: &str) {
    db.shop();
    db.sql(more);
    let create = ["role", "create", "--revoke-public"];
    db.tenantctl(create).run().expect_code(0);
}

fn shop() -> Db {
    let db = Db::new();
    shop_on(
        &db,
        "create table public.items (id int, organization_id uuid)",
    );
    db
}

/// Waits until a statement gives this value.
#[track_caller]
fn until(db: &Db, sql: &str, wanted: &str) {
    let started = Instant::now();
    while db.value(sql) != wanted {
        assert!(started.elapsed() < Duration::from_secs(20), "never: {sql}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A session that keeps everybody from changing a table.
fn reader_of(db: &Db, table: &str) -> Session {
    let session = db.session();
    session
        .ask(&format!("begin; select * from {table}"))
        .unwrap();
    session
}

const SHAPES: &str = r#"
    create schema "My S";
    create domain orgid as uuid;
    create type colour as enum ('red', 'blue');
    create table items (id serial primary key, order_id int);
    create table parts (id int generated always as identity primary key, item_id bigint);
    create table "My S".items (id int primary key, above bigint);
    create table "My S"."Odd ""Täble'" (id serial, "Organization ID" orgid);
    create table users (id int, org varchar(40));
    create table codes (code varchar(10) primary key, organization_id text);
    create table coded (id int, code varchar(20));
    create table small (id int, organization_id smallint);
    create table numbers (id int, organization_id numeric(10, 2));
    create table fixed (id int, organization_id char(5));
    create table coloured (id int, organization_id colour);
    create table documents (id int, organization_id jsonb);
    create table countries (code text);
    create table events (id bigint, organization_id uuid, at date) partition by range (at);
    create table events_1 partition of events for values from ('2024-01-01') to ('2025-01-01');
    create table events_2 partition of events for values from ('2025-01-01') to ('2026-01-01')
        partition by list (organization_id);
    create table events_2d partition of events_2 default;
    create table base (id int, organization_id uuid);
    create table kid () inherits (base);
    create table täxönömy_täxönömy_täxönömy_täxönömy_tä (id int, organization_id uuid);
    create table taken (id int, organization_id uuid);
    create index taken_organization_id_idx on taken (id);
    create table served (id int, organization_id uuid);
    create index on served (organization_id, id);
    create table partly (id int, organization_id uuid);
    create index on partly (organization_id) where id > 3;"#;

fn shapes(app: &str, policy: &str) -> String {
    let base = config(app).replace("[\"public\"]", "[\"public\", \"My S\"]");
    format!(
        "{base}\n[tables]\nshared = [\"public.countries\"]\n\
         [tables.key]\n\"public.users\" = \"org\"\n'My S.Odd \"Täble''' = \"Organization ID\"\n\
         [tables.via]\n\"public.items\" = \"order_id -> public.numbered.id\"\n\
         \"public.parts\" = \"item_id -> public.items.id\"\n\
         \"My S.items\" = \"above -> public.items.id\"\n\
         \"public.coded\" = \"code -> public.codes.code\"\n[policy]\n{policy}\n"
    )
    .replace("'My S.Odd \"Täble'''", "\"My S.Odd \\\"Täble'\"")
}

#[test]
fn every_shape_of_table_reaches_the_fixed_point() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = db.role("app");
        shop_on(
            &db,
            &format!(
                "create table numbered (id bigint primary key, organization_id uuid);{SHAPES}"
            ),
        );
        db.config(&shapes(&app, ""));
        db.tenantctl(["role", "create"]).run().expect_code(0);
        for policy in [
            "",
            "missing_context = \"error\"",
            "form = \"plain\"",
            "missing_context = \"error\"\nform = \"plain\"\nguard = false",
            "name = \"{table}_other\"",
        ] {
            db.config(&shapes(&app, policy));
            db.tenantctl(["plan", "--check"]).run().expect_code(1);
            let run = db.tenantctl(["apply", "--yes"]).run().expect_code(0);
            assert!(
                run.stdout.contains("left alone: public.documents"),
                "{}",
                run.stdout
            );
            let after = db.tenantctl(["plan", "--check"]).run().expect_code(0);
            assert!(
                after.stdout.starts_with("nothing to change"),
                "{}",
                after.stdout
            );
            let again = db.tenantctl(["apply", "--yes"]).run().expect_code(0);
            assert!(
                again.stdout.starts_with("nothing to change"),
                "{}",
                again.stdout
            );
        }
        let invalid = "select count(*) from pg_index where not indisvalid";
        assert_eq!(db.value(invalid), "0");
        // What cannot be isolated is not opened either.
        let open = format!("select has_table_privilege('{app}', 'documents', 'select')");
        assert_eq!(db.value(&open), "f");
    });
}

#[test]
fn the_script_does_what_apply_does() {
    let (one, other) = (Db::new(), Db::new());
    let state = "select string_agg(t, e'\\n' order by t) from (
        select format('%s %s %s %s %s', polrelid::regclass, polname, polpermissive,
               pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) t from pg_policy
        union all select format('%s %s %s', oid::regclass, relrowsecurity, relforcerowsecurity)
            from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
        union all select regexp_replace(obj_description(oid, 'pg_class'), '(\"plan\":\"|app_)[0-9a-f]+', '\\1', 'g') from pg_class where relnamespace = 'public'::regnamespace
        union all select regexp_replace(obj_description(oid, 'pg_policy'), '\"plan\":\"[0-9a-f]+', '') from pg_policy
        union all select pg_get_indexdef(indexrelid) || indisvalid from pg_index
            where indexrelid::regclass::text !~ 'pg_') s";
    for db in [&one, &other] {
        shop_on(
            db,
            &format!(
                "create table numbered (id bigint primary key, organization_id uuid);{SHAPES}"
            ),
        );
        db.config(&shapes(&db.role("app"), ""));
        db.tenantctl(["role", "create"]).run().expect_code(0);
    }
    one.tenantctl(["apply", "--yes"]).run().expect_code(0);
    let script = other
        .tenantctl(["plan", "--format", "sql"])
        .run()
        .expect_code(0);
    let session = other.session();
    let lines: Vec<&str> = script
        .stdout
        .lines()
        .filter(|line| {
            !line.starts_with("--") && !line.starts_with('\\') && !line.ends_with("\\gset")
        })
        .collect();
    for statement in lines.join("\n").split(";\n") {
        if !statement.contains("another database") {
            session
                .ask(statement)
                .unwrap_or_else(|why| panic!("{why}: {statement}"));
        }
    }
    assert_eq!(one.value(state), other.value(state));
    other.tenantctl(["plan", "--check"]).run().expect_code(0);
}

#[test]
fn the_policies_hold_for_every_type_of_key() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = db.role("app");
        shop_on(
            &db,
            &format!(
                "create table lines (id int primary key, order_id uuid);
                 create table fixed (id int, organization_id char(36));
                 create table texts (id int, organization_id text);
                 insert into lines select row_number() over (), id from orders;
                 insert into fixed values (1, '{A}'), (2, '{B}'), (3, left('{A}', 1));
                 insert into texts values (1, '{A}'), (2, '{B}'), (3, '');"
            ),
        );
        db.config(&format!(
            "{}[tables.via]\n\"public.lines\" = \"order_id -> public.orders.id\"\n",
            config(&app)
        ));
        db.tenantctl(["apply", "--yes"]).run().expect_code(0);
        let run = |context: &str, sql: &str| {
            db.session()
                .ask(&format!("set role {app}; {context}; {sql}"))
        };
        let a = format!("set app.current_organization_id = '{A}'");
        let tables = ["organizations", "orders", "lines", "fixed", "texts"];
        for table in tables {
            let rows = run(&a, &format!("select count(*) from {table}")).unwrap();
            assert_eq!(rows[0][0].as_deref(), Some("1"), "{table}");
            for none in ["select 1", "set app.current_organization_id = ''"] {
                let rows = run(none, &format!("select 'count', count(*) from {table}")).unwrap();
                let count = rows.last().unwrap()[1].as_deref();
                assert_eq!(count, Some("0"), "{table} {none}");
            }
        }
        let order_of = |org: &str| {
            db.value(&format!(
                "select id from orders where organization_id = '{org}'"
            ))
        };
        let (mine, theirs) = (order_of(A), order_of(B));
        run(&a, &format!("insert into lines values (10, '{mine}')")).unwrap();
        for sql in [
            format!("insert into lines values (11, '{theirs}')"),
            format!("update lines set order_id = '{theirs}' where id = 10"),
            format!("insert into texts values (9, '{B}')"),
            format!("insert into fixed values (9, '{B}')"),
        ] {
            assert_eq!(run(&a, &sql).unwrap_err().code, "42501", "{sql}");
        }
    });
}

/// An empty context is what a setting that was made LOCAL leaves behind.
#[test]
fn without_a_context_the_error_form_raises() {
    let db = Db::new();
    let app = db.role("app");
    shop_on(
        &db,
        "create table texts (id int, organization_id text); insert into texts values (1, '')",
    );
    db.config(&format!(
        "{}[policy]\nmissing_context = \"error\"\n",
        config(&app)
    ));
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    let run = |sql: &str| db.session().ask(&format!("set role {app}; {sql}"));
    assert_eq!(run("select * from orders").unwrap_err().code, "42704");
    let empty = "set app.current_organization_id = ''; ";
    let refused = run(&format!("{empty} select * from orders")).unwrap_err();
    assert_eq!(refused.code, "22P02");
    assert_eq!(run("select * from texts").unwrap_err().code, "42704");
    // Text has no cast that could fail: an empty context is nobody's.
    assert!(
        run(&format!("{empty} select * from texts"))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_policy_of_the_team_stays_and_one_of_ours_is_mended() {
    let db = shop();
    let app = db.role("app");
    db.sql(&format!(
        "create policy theirs on orders to {app} using (true);
         create policy orders_org_isolation on orders for select using (organization_id::text = '');
         create policy items_org_isolation on items using (true)"
    ));
    let plan = db
        .tenantctl(["plan", "--format", "json"])
        .run()
        .expect_code(0)
        .json();
    let orders = plan["changes"].as_array().unwrap().iter();
    let orders = orders
        .clone()
        .find(|change| change["id"] == "isolate:public.orders")
        .unwrap();
    assert_eq!(orders["lock"]["mode"], "ACCESS EXCLUSIVE");
    assert_eq!(orders["transactional"], true);
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    let names = "select string_agg(polname, ' ' order by polname) from pg_policy where polrelid = 'orders'::regclass";
    assert_eq!(
        db.value(names),
        "orders_org_isolation orders_org_isolation_guard orders_org_isolation_tenantctl theirs"
    );
    let count = format!(
        "set role {app}; set app.current_organization_id = '{A}'; select count(*) from orders"
    );
    assert_eq!(
        db.session().ask(&count).unwrap()[0][0].as_deref(),
        Some("1"),
        "the guard pins the tenant"
    );
}

/// Faults L01 and L02.
#[test]
fn a_lock_is_waited_for_and_then_left_with_its_holder_named() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop_on(&db, "create table items (id int, organization_id uuid)");
        let holder = reader_of(&db, "items");
        let pid = holder.ask("select pg_backend_pid()").unwrap()[0][0]
            .clone()
            .unwrap();
        let short = [
            "apply",
            "--yes",
            "--no-indexes",
            "--lock-timeout",
            "200ms",
            "--max-wait",
        ];
        let run = db.tenantctl(short).arg("1s").run().expect_code(3);
        assert!(run.stdout.contains("55P03"), "{}", run.stdout);
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&format!("pid {pid}")), "{said}");
        assert_eq!(db.value(ISOLATED), "2");
        assert_eq!(db.value(HALVES), "0");
        let later = db.tenantctl(short).arg("30s").start();
        until(&db, WAITING, "1");
        holder.ask("commit").unwrap();
        let run = later.wait().expect_code(0);
        assert!(run.stdout.contains("1 of 1 changes made"), "{}", run.stdout);
    });
}

/// Fault L04.
#[test]
fn of_two_at_once_the_second_finds_nothing_to_do() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop_on(
            &db,
            "do $$ begin for i in 1..30 loop
            execute format('create table t%s (id int, organization_id uuid)', i); end loop; end $$",
        );
        let holder = reader_of(&db, "t9");
        let start = || db.tenantctl(["apply", "--yes"]).start();
        let first = start();
        until(&db, WAITING, "1");
        let second = start();
        std::thread::sleep(Duration::from_millis(300));
        holder.ask("commit").unwrap();
        first.wait().expect_code(0);
        let second = second
            .wait()
            .expect_code(0)
            .says(&["another tenantctl", "pid"]);
        assert!(
            second.stdout.starts_with("nothing to change"),
            "{}",
            second.stdout
        );
        assert_eq!(db.value(ISOLATED), "32");
    });
}

/// Fault P02: all or nothing, and by name.
#[test]
fn what_one_may_not_change_is_said_before_the_first_change() {
    let db = shop();
    let half = db.role("half");
    db.sql(&format!(
        "create role {half} login password 'x'; alter table orders owner to {half}"
    ));
    let url = db.url_as(&half, "x");
    let run = db
        .tenantctl(["apply", "--yes", "--database-url", &url])
        .run();
    run.expect_code(3).says(&[
        "none was made",
        "public.items: must be owner",
        "--no-indexes",
    ]);
    assert_eq!(db.value("select count(*) from pg_policy"), "0");
}

/// Faults P03, B04 and L05.
#[test]
fn a_server_that_refuses_is_reported_and_nothing_changes() {
    let db = shop();
    let apply = || db.tenantctl(["apply", "--yes"]);
    let read_only = apply().env("PGOPTIONS", "-c default_transaction_read_only=on");
    read_only
        .run()
        .expect_code(3)
        .says(&["read-only", "nothing was changed"]);
    db.sql(
        "create function no() returns event_trigger language plpgsql
             as 'begin raise exception ''schema is frozen''; end';
         create event trigger frozen on ddl_command_start execute function no()",
    );
    let refused = [
        "schema is frozen (SQLSTATE P0001)",
        "nothing was changed",
        "frozen",
    ];
    apply().run().expect_code(3).says(&refused);
    // One that refuses only what comes last is met first as well.
    for (event, tag) in [
        ("ddl_command_start", "CREATE INDEX"),
        ("ddl_command_end", "CREATE INDEX"),
        ("ddl_command_end", "ALTER INDEX"),
        ("ddl_command_end", "CREATE POLICY"),
        ("ddl_command_end", "COMMENT"),
    ] {
        db.sql(&format!(
            "drop event trigger frozen;
             create event trigger frozen on {event} when tag in ('{tag}') execute function no()"
        ));
        apply().run().expect_code(3).says(&refused);
        assert_eq!(db.value("select count(*) from pg_policy"), "0");
    }
    db.sql(
        "drop event trigger frozen;
         create event trigger frozen on ddl_command_start when tag in ('DROP TABLE') execute function no()",
    );
    db.tenantctl(["apply", "--yes", "--no-indexes"])
        .run()
        .expect_code(0);
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    db.sql("drop event trigger frozen");
    assert_eq!(db.value("select count(*) from pg_policy"), "0");
    apply()
        .env("PGOPTIONS", "-c statement_timeout=1")
        .run()
        .expect_code(3)
        .says(&["57014"]);
    assert_eq!(db.value(HALVES), "0");
}

/// Faults K02 and K05.
#[test]
fn a_broken_connection_is_unknown_and_read_again() {
    let db = shop();
    let _holder = reader_of(&db, "items");
    let apply = db
        .tenantctl(["apply", "--yes", "--lock-timeout", "20s"])
        .start();
    until(&db, WAITING, "1");
    db.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'",
    );
    let run = apply.wait().expect_code(3);
    let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["unknown", "57P01", "was not made", "not tried"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(db.value(HALVES), "0");
}

/// Fault K07.
#[test]
fn an_interrupt_leaves_whole_tables() {
    let db = shop();
    let holder = reader_of(&db, "items");
    let apply = db
        .tenantctl(["apply", "--yes", "--lock-timeout", "20s"])
        .start();
    until(&db, WAITING, "1");
    apply.signal(SIGINT);
    apply.wait().expect_code(130).says(&["interrupted"]);
    holder.ask("commit").unwrap();
    assert_eq!(db.value(HALVES), "0");
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    assert_eq!(db.value(ISOLATED), "3");
}

/// Fault R03.
#[test]
fn a_change_made_meanwhile_is_noticed() {
    let db = shop();
    db.sql("create table zebras (id int, organization_id uuid)");
    db.tenantctl(["role", "create"]).run().expect_code(0);
    let holder = reader_of(&db, "zebras");
    let apply = db
        .tenantctl(["apply", "--yes", "--lock-timeout", "20s"])
        .start();
    until(&db, WAITING, "1");
    db.sql("alter table items disable row level security");
    holder.ask("commit").unwrap();
    apply
        .wait()
        .expect_code(1)
        .says(&["changed", "isolate:public.items"]);
}

/// Fault L06: a build that fails leaves an index that IF NOT EXISTS would take for good.
#[test]
fn an_invalid_index_is_replaced() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop_on(&db, "create table items (id int, organization_id uuid)");
        let writer = db.session();
        writer
            .ask("begin; insert into items values (1, null)")
            .unwrap();
        let run = db.session().ask(
            "set lock_timeout = 100; create index concurrently items_organization_id_idx on items (organization_id)",
        );
        // Two statements in one message are a transaction: the server refuses, so one at a time.
        assert!(run.is_err());
        let session = db.session();
        session.ask("set lock_timeout = 100").unwrap();
        let build =
            "create index concurrently items_organization_id_idx on items (organization_id)";
        assert_eq!(session.ask(build).unwrap_err().code, "55P03");
        let invalid = "select count(*) from pg_index where not indisvalid";
        assert_eq!(db.value(invalid), "1");
        let short = [
            "apply",
            "--yes",
            "--lock-timeout",
            "100ms",
            "--max-wait",
            "300ms",
        ];
        let run = db.tenantctl(short).run().expect_code(3);
        assert!(run.stdout.contains("index:public.items"), "{}", run.stdout);
        writer.ask("rollback").unwrap();
        db.tenantctl(["apply", "--yes"]).run().expect_code(0);
        assert_eq!(db.value(invalid), "0");
        db.tenantctl(["plan", "--check"]).run().expect_code(0);
    });
}

#[test]
fn nothing_happens_without_a_yes_or_a_role() {
    let db = shop();
    db.tenantctl(["apply"])
        .run()
        .expect_code(2)
        .says(&["--yes"]);
    let nobody = ["apply", "--yes", "--app-role", "nobody_at_all"];
    db.tenantctl(nobody)
        .run()
        .expect_code(3)
        .says(&["nobody_at_all", "tenantctl role create"]);
    assert_eq!(db.value("select count(*) from pg_policy"), "0");
}
