//! `--constraint ID`: what was proposed and named is made, and taken back.

mod shapes;

use std::time::{Duration, Instant};

use crate::support::shop::{A, B};
use crate::support::{Db, Outcome, SIGKILL, for_each_version};

const REFERENCE: &str = "composite-reference:public.\"Lines\":\"Lines_order_id_fkey\"";
const CODE: &str = "composite-reference:public.codes:codes_order_id_fkey";
const EMAIL: &str = "tenant-unique:public.\"Lines\":\"Lines_email_key\"";
const SLUG: &str = "tenant-unique:public.codes:codes_slug";
const ALL: [&str; 4] = [REFERENCE, CODE, EMAIL, SLUG];

/// Two tables that refer to one parent, a unique constraint and a unique index alone.
const TABLES: &str = r#"
    create table "Lines" (id uuid primary key, order_id uuid references orders on delete cascade,
        organization_id uuid not null references organizations, email text unique);
    comment on constraint "Lines_email_key" on "Lines" is 'one address, one line';
    comment on index "Lines_email_key" is 'and its index';
    create table codes (id uuid primary key, order_id uuid references orders,
        organization_id uuid not null references organizations, slug text, locale text);
    create unique index codes_slug on codes (slug, locale);"#;

fn shop(db: &Db) {
    db.shop();
    db.sql(TABLES);
    let create = ["role", "create", "--revoke-public"];
    db.tenantctl(create).run().expect_code(0);
}

fn with<'a>(command: &[&'a str], ids: &[&'a str]) -> Vec<&'a str> {
    let named = ids.iter().flat_map(|id| ["--constraint", id]);
    command.iter().copied().chain(named).collect()
}

#[track_caller]
fn apply(db: &Db, ids: &[&str], code: i32) -> Outcome {
    let run = db.tenantctl(with(&["apply", "--yes"], ids)).run();
    run.expect_code(code)
}

#[track_caller]
fn fixed(db: &Db, ids: &[&str]) {
    let run = db.tenantctl(with(&["plan", "--check"], ids)).run();
    run.expect_code(0);
}

/// Constraints and unique indexes of the two tables and of `orders`.
const STATE: &str = "select string_agg(line, e'\\n' order by line) from (
    select format('%s %s %s', conrelid::regclass, convalidated, pg_get_constraintdef(oid)) line
    from pg_constraint where contype in ('u', 'f') and conrelid in ('\"Lines\"'::regclass, 'codes'::regclass, 'orders'::regclass)
    union all select pg_get_indexdef(indexrelid) from pg_index
    where indisunique and not indisprimary and indrelid = 'codes'::regclass) s";

fn open(db: &Db) -> Vec<String> {
    let run = db.tenantctl(["audit", "--format", "json"]).run();
    let findings = run.json()["findings"].as_array().unwrap().clone();
    let checks = findings
        .iter()
        .map(|row| row["check"].as_str().unwrap().to_owned());
    let checks = checks.filter(|check| check.ends_with("-without-tenant"));
    checks.collect()
}

#[test]
fn what_is_named_is_made_and_taken_back() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop(&db);
        apply(&db, &[], 0);
        assert_eq!(open(&db).len(), 4, "{:?}", open(&db));
        let before = db.dump(true);
        let plan = db.tenantctl(with(&["plan", "--constraints", "--format", "json"], &ALL));
        let plan = plan.run().json();
        assert_eq!(plan["proposals"], serde_json::json!([]));
        apply(&db, &ALL, 0);
        let state = db.value(STATE);
        for line in [
            "\"Lines\" t FOREIGN KEY (organization_id, order_id) REFERENCES orders(organization_id, id) ON DELETE CASCADE",
            "\"Lines\" t UNIQUE (organization_id, email)",
            "codes t FOREIGN KEY (organization_id, order_id) REFERENCES orders(organization_id, id)",
            "codes t UNIQUE (organization_id, slug, locale)",
            "orders t UNIQUE (organization_id, id)",
        ] {
            assert!(state.lines().any(|found| found == line), "{line}: {state}");
        }
        assert!(
            !state.contains("UNIQUE (email)") && !state.contains("(slug,"),
            "{state}"
        );
        assert_eq!(open(&db), Vec::<String>::new());
        fixed(&db, &ALL);
        fixed(&db, &[]);
        db.sql(&format!(
            "insert into \"Lines\" values (gen_random_uuid(), null, '{A}', 'x'), (gen_random_uuid(), null, '{B}', 'x')"
        ));
        db.sql("delete from \"Lines\"");
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        apply(&db, &[], 0);
        assert_eq!(db.dump(true), before);
    });
}

#[test]
fn a_name_that_nobody_proposed_is_refused_before_the_first_change() {
    let db = Db::new();
    shop(&db);
    let typo = "tenant-unique:public.codes:codes_slugs";
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let run = db.tenantctl(with(command, &[REFERENCE, typo])).run();
        run.expect_code(2)
            .says(&[typo, "nothing was changed", "plan --constraints"]);
    }
    assert!(!db.value(STATE).contains("(organization_id, "));
}

/// What an undisturbed run leaves behind.
fn undisturbed() -> Db {
    let db = Db::new();
    shop(&db);
    apply(&db, &[], 0);
    apply(&db, &ALL, 0);
    db
}

#[test]
fn a_run_that_was_killed_goes_on_from_there() {
    let wanted = undisturbed();
    for (stage, table) in [
        ("UNIQUE USING INDEX", "public.orders"),
        ("NOT VALID", "public.\"Lines\""),
        ("VALIDATE CONSTRAINT", "public.codes"),
        ("UNIQUE USING INDEX", "public.\"Lines\""),
        ("DROP CONSTRAINT", "public.\"Lines\""),
    ] {
        let db = Db::new();
        shop(&db);
        apply(&db, &[], 0);
        db.killed_at(stage, table, &with(&["apply", "--yes"], &ALL));
        apply(&db, &ALL, 0);
        fixed(&db, &ALL);
        assert_eq!(db.value(STATE), wanted.value(STATE), "{stage} {table}");
        assert_eq!(
            db.dump_of_any_plan(),
            wanted.dump_of_any_plan(),
            "{stage} {table}"
        );
    }
}

#[test]
fn a_way_back_that_was_killed_goes_on_from_there() {
    let reverted = undisturbed();
    reverted.tenantctl(["revert", "--yes"]).run().expect_code(0);
    for (stage, table) in [
        ("DROP CONSTRAINT \"Lines_organization", "public.\"Lines\""),
        ("ADD CONSTRAINT \"Lines_email_key\"", "public.\"Lines\""),
        (
            "DROP CONSTRAINT \"Lines_organization_id_email_key\"",
            "public.\"Lines\"",
        ),
        ("DROP CONSTRAINT codes_organization_id_slug", "public.codes"),
        ("DROP CONSTRAINT orders_", "public.orders"),
    ] {
        let db = undisturbed();
        db.killed_at(stage, table, &["revert", "--yes"]);
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert_eq!(
            db.dump_of_any_plan(),
            reverted.dump_of_any_plan(),
            "{stage} {table}"
        );
    }
}

#[test]
fn a_build_that_was_cut_off_is_built_again() {
    let db = Db::new();
    shop(&db);
    apply(&db, &[], 0);
    let older = db.session();
    older.sql("begin; insert into orders (id, organization_id) select gen_random_uuid(), id from organizations limit 1");
    let running = db.tenantctl(with(&["apply", "--yes"], &[CODE])).start();
    let building = "pg_stat_activity where query like 'CREATE UNIQUE INDEX CONCURRENTLY%'
        and datname = current_database() and wait_event_type = 'Lock'";
    let started = Instant::now();
    while db.value(&format!("select count(*) from {building}")) == "0" {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "nothing is built"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    running.signal(SIGKILL);
    running.wait();
    db.sql(&format!("select pg_terminate_backend(pid) from {building}"));
    let invalid = "select count(*) from pg_index where not indisvalid";
    let started = Instant::now();
    while db.value(&format!("select count(*) from {building}")) != "0" {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it does not end"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(db.value(invalid), "1");
    older.sql("rollback");
    apply(&db, &[CODE], 0);
    fixed(&db, &[CODE]);
    assert_eq!(db.value(invalid), "0");
    let left = "select count(*) from pg_class where relname like '%tenantctl%'";
    assert_eq!(db.value(left), "0");
}

#[test]
fn rows_that_hang_on_another_tenants_are_counted_and_left() {
    let db = Db::new();
    shop(&db);
    db.sql(&format!(
        "insert into codes select gen_random_uuid(), o.id, '{B}', 'a', 'b' from orders o
             where o.organization_id = '{A}' limit 1"
    ));
    let run = apply(&db, &[CODE, SLUG], 3);
    let words = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1 row breaks it"), "{words}");
    // It is not harmless as long as it does not hold for every row.
    assert!(open(&db).contains(&"foreign-key-without-tenant".to_owned()));
    let hung = db.try_sql(&format!(
        "insert into codes select gen_random_uuid(), o.id, '{B}', 'c', 'd' from orders o
             where o.organization_id = '{A}' limit 1"
    ));
    assert_eq!(hung.unwrap_err().code, "23503");
    db.sql("delete from codes");
    apply(&db, &[CODE, SLUG], 0);
    fixed(&db, &[CODE, SLUG]);
}

#[test]
fn the_way_back_leaves_what_cannot_be_as_it_was() {
    let db = Db::new();
    shop(&db);
    let before = db.dump(true);
    apply(&db, &ALL, 0);
    db.sql(&format!(
        "insert into \"Lines\" values (gen_random_uuid(), null, '{A}', 'x'), (gen_random_uuid(), null, '{B}', 'x'),
             (gen_random_uuid(), null, '{B}', 'y');
         create table later (organization_id uuid, order_id uuid,
             foreign key (organization_id, order_id) references orders (organization_id, id))"
    ));
    let run = db.tenantctl(["revert", "--yes"]).run().expect_code(3);
    let words = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("2 rows break it"), "{words}");
    assert!(
        words.contains(
            "foreign key later_organization_id_order_id_fkey of public.later leads there"
        ),
        "{words}"
    );
    let state = db.value(STATE);
    assert!(
        state.contains("\"Lines\" t UNIQUE (organization_id, email)"),
        "{state}"
    );
    assert!(
        state.contains("orders t UNIQUE (organization_id, id)"),
        "{state}"
    );
    assert!(state.contains("codes_slug ON public.codes"), "{state}");
    db.sql("delete from \"Lines\"; drop table later");
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    assert_eq!(db.dump(true), before);
}
