//! `revert`: the way back, whole or for one table, and what is remembered of the way there.

use std::fs;

use serde_json::Value;

use crate::support::shop::config;
use crate::support::{Db, for_each_version};

/// Tables of every kind that has to be taken back in its own way.
const TABLES: &str = r#"
    comment on table orders is E'what was ordered\nby whom';
    comment on schema public is 'ours';
    create table "it's ""odd""" (id serial primary key, organization_id uuid);
    create table events (id bigint, organization_id uuid, at date) partition by range (at);
    create table events_1 partition of events for values from ('2024-01-01') to ('2025-01-01');
    create table events_2 partition of events for values from ('2025-01-01') to ('2026-01-01');
    create table base (id int, organization_id uuid);
    create table kid () inherits (base);
    create table forced (id int, organization_id uuid);
    alter table forced force row level security;
    create table enabled (id int, organization_id uuid);
    alter table enabled enable row level security;
    create index theirs on enabled (organization_id);"#;

/// A shop as the team left it.
pub(crate) fn shop_on(db: &Db, more: &str) {
    db.shop();
    db.sql(TABLES);
    db.sql(more);
}

/// What the catalogs and comments say, where there is no pg_dump too.
pub(crate) fn state(db: &Db) -> (String, Option<String>) {
    let told = db.value(
        "select string_agg(what, E'\\n' order by what) from (
             select format('%s %s %s %s', c.relname, c.relrowsecurity, c.relforcerowsecurity, obj_description(c.oid))
                 from pg_class c where c.relnamespace = 'public'::regnamespace
             union all select format('%s %s %s %s', p.polrelid::regclass, p.polname, pg_get_expr(p.polqual, p.polrelid), obj_description(p.oid))
                 from pg_policy p
             union all select format('%s %s', pg_get_indexdef(i.indexrelid), i.indisvalid) from pg_index i
                 join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'public'::regnamespace
             union all select format('%s %s', n.nspacl, obj_description(n.oid)) from pg_namespace n where n.nspname = 'public') s (what)",
    );
    (told, db.dump(true))
}

#[test]
fn what_apply_made_is_taken_back_and_nothing_else() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop_on(&db, "");
        let before = state(&db);
        for options in [&["apply", "--yes"][..], &["apply", "--yes", "--no-indexes"]] {
            db.tenantctl(options).run().expect_code(0);
            let marked = "select count(*) from pg_description where description like '%tenantctl%'";
            assert_ne!(db.value(marked), "0");
            let shown = db.tenantctl(["revert", "--dry-run"]).run().expect_code(0);
            assert!(
                shown.stdout.contains("NO FORCE and DISABLE"),
                "{}",
                shown.stdout
            );
            db.tenantctl(["revert", "--yes"]).run().expect_code(0);
            assert_eq!(state(&db), before);
        }
        let again = db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert!(
            again.stdout.starts_with("nothing to undo"),
            "{}",
            again.stdout
        );
    });
}

/// An administrator of a managed service: owner of everything, no superuser.
#[test]
fn an_owner_who_is_no_superuser_goes_there_and_back() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop_on(&db, "create table late (id int, organization_id uuid)");
        let (dba, name) = (db.role("dba"), db.name().to_owned());
        db.sql(&format!(
            "create role {dba} login createrole password 'of the dba';
             do $$ declare it record; begin
                 for it in select c.oid::regclass as name from pg_class c
                           where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') loop
                     execute format('alter table %s owner to {dba}', it.name);
                 end loop; end $$;
             alter schema public owner to {dba}; alter database {name} owner to {dba}"
        ));
        let before = state(&db);
        let url = db.url_as(&dba, "of the dba");
        let run = |args: &[&str]| {
            let run = db.tenantctl(args).env("TENANTCTL_DATABASE_URL", &url);
            run.run().expect_code(0);
        };
        // FORCE binds the owner itself.
        run(&["apply", "--yes", "--accept-lockout", &dba]);
        run(&["plan", "--check"]);
        run(&["revert", "--yes"]);
        assert_eq!(state(&db), before);
        db.sql(&format!("alter database {name} owner to postgres; reassign owned by {dba} to postgres; drop owned by {dba}"));
    });
}

/// The configuration may be lost, and the role that was granted something gone.
#[test]
fn the_way_back_needs_neither_the_configuration_nor_the_role() {
    let db = Db::new();
    shop_on(&db, "create table late (id int, organization_id uuid)");
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    let app = db.role("app");
    let held = format!("select has_table_privilege('{app}', 'late', 'delete')");
    assert_eq!(db.value(&held), "t");
    db.sql(&format!("drop owned by {app}"));
    fs::remove_file(db.config("")).unwrap();
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    let left = "select count(*) from pg_policy";
    assert_eq!(db.value(left), "0");
}

#[test]
fn policies_that_were_replaced_come_back_with_their_comments() {
    let db = Db::new();
    let app = db.role("app");
    shop_on(
        &db,
        &format!(
            "alter table orders enable row level security;
             create policy \"Their's\" on orders for select to {app} using (total > 0 or organization_id is null);
             comment on policy \"Their's\" on orders is 'it''s old';
             create policy narrow on orders as restrictive using (total < 100) with check (total < 50);
             create policy orders_org_isolation on orders for insert with check (true);"
        ),
    );
    let before = state(&db);
    let plan = db
        .tenantctl(["plan", "--replace", "--format", "json"])
        .run()
        .expect_code(0)
        .json();
    let change = plan["changes"].as_array().unwrap().iter();
    let change = change
        .clone()
        .find(|change| change["id"] == "isolate:public.orders")
        .unwrap();
    let because = change["because"].to_string();
    for part in ["ours narrows", "this widens"] {
        assert!(because.contains(part), "{part} is not in {because}");
    }
    db.tenantctl(["apply", "--replace", "--yes"])
        .run()
        .expect_code(0);
    let policies = "select string_agg(polname, ' ' order by polname) from pg_policy where polrelid = 'orders'::regclass";
    assert_eq!(
        db.value(policies),
        "orders_org_isolation orders_org_isolation_guard"
    );
    db.tenantctl(["plan", "--replace", "--check"])
        .run()
        .expect_code(0);
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    assert_eq!(state(&db), before);
}

/// Whoever owns a table writes its comment, and a superuser may run revert.
#[test]
fn a_comment_is_data_and_never_sql() {
    let db = Db::new();
    shop_on(&db, "create table victims (id int)");
    let mark = |deeds: &str| format!("tenantctl 0.1.0: {{\"plan\":\"x\",{deeds}}}");
    let replaced = |using: &str| {
        mark(&format!(
            "\"replaced\":[{{\"name\":\"p\",\"command\":\"ALL\",\"permissive\":true,\"roles\":[],\
             \"using\":\"{using}\",\"check\":null,\"comment\":null}}]"
        ))
    };
    for text in [
        replaced("true); drop table victims; --"),
        replaced("true) with check (true); drop table victims; select (1"),
        mark("\"granted\":{\"postgres; drop table victims\":[\"SELECT\"]}"),
        mark(
            "\"granted\":{\"postgres\":[\"SELECT ON victims TO public; DROP TABLE victims; --\"]}",
        ),
    ] {
        let literal = text.replace('\'', "''");
        db.sql(&format!("comment on table orders is '{literal}'"));
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert_eq!(
            db.value("select to_regclass('victims') is not null"),
            "t",
            "{text}"
        );
        assert_eq!(db.value("select count(*) from pg_policy"), "0", "{text}");
    }
}

#[test]
fn in_an_emergency_one_table_is_opened_and_everything_says_so() {
    let db = Db::new();
    shop_on(&db, "");
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    let applied = state(&db);
    let open = ["revert", "--emergency", "public.orders"];
    db.tenantctl(open)
        .run()
        .expect_code(2)
        .says(&["--confirm public.orders"]);
    let wrong = db
        .tenantctl(open)
        .args(["--confirm", "public.order"])
        .run()
        .expect_code(0);
    wrong.says(&["nothing was changed"]);
    let unknown = db.tenantctl(["revert", "--emergency", "public.nothing", "--confirm", "x"]);
    unknown
        .run()
        .expect_code(2)
        .says(&["public.nothing is no tenant table"]);
    assert_eq!(state(&db), applied);

    let confirmed = ["--confirm", "public.orders"];
    let off = db.tenantctl(open).args(confirmed).run().expect_code(0);
    off.says(&["isolation of public.orders is OFF", "tenantctl apply"]);
    let secured =
        "select relrowsecurity or relforcerowsecurity from pg_class where oid = 'orders'::regclass";
    assert_eq!(db.value(secured), "f");
    let again = db.tenantctl(open).args(confirmed).run().expect_code(0);
    again.says(&["is off already"]);
    let audit = db
        .tenantctl(["audit", "--format", "json"])
        .run()
        .expect_code(1)
        .json();
    let shouts = audit["findings"].as_array().unwrap().iter().any(|finding| {
        finding["check"] == "isolation-turned-off"
            && finding["severity"] == "critical"
            && finding["object"] == "public.orders"
    });
    assert!(shouts, "{audit:#}");

    db.tenantctl(["plan", "--check"]).run().expect_code(1);
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    assert_eq!(state(&db), applied);
}

/// The team's own isolation was on before: the way back ends there, not with the table open.
#[test]
fn revert_in_an_emergency_leaves_the_teams_own_isolation_on() {
    let db = Db::new();
    shop_on(
        &db,
        "alter table orders enable row level security, force row level security",
    );
    let before = state(&db);
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    let off = [
        "revert",
        "--emergency",
        "public.orders",
        "--confirm",
        "public.orders",
    ];
    db.tenantctl(off).run().expect_code(0);
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    assert_eq!(state(&db), before);
}

#[test]
fn every_change_is_written_down() {
    let db = Db::new();
    shop_on(&db, "create schema ops");
    let home = db.config(&config(&db.role("app")));
    let home = home.parent().unwrap();
    db.tenantctl(["apply", "--yes", "--journal-table", "ops.Tenantctl Journal"])
        .env("USER", "sam")
        .run()
        .expect_code(0);
    let text = fs::read_to_string(home.join(".local/state/tenantctl/journal.jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let rows = "select count(*) from ops.\"Tenantctl Journal\" where role = session_user and command = 'apply'";
    assert_eq!(db.value(rows), lines.len().to_string());
    let orders = lines
        .iter()
        .find(|line| line["change"] == "isolate:public.orders")
        .unwrap();
    assert_eq!(
        (&orders["outcome"], &orders["user"]),
        (&"done".into(), &"sam".into())
    );
    assert!(
        orders["statements"][0]
            .as_str()
            .unwrap()
            .starts_with("ALTER TABLE public.orders")
    );
    let file = home.join("own.jsonl");
    let named = ["--journal", &file.to_string_lossy()];
    db.tenantctl(["revert", "--yes"])
        .args(named)
        .run()
        .expect_code(0);
    let own = fs::read_to_string(&file).unwrap();
    assert!(
        own.lines()
            .all(|line| line.contains("\"command\":\"revert\"")),
        "{own}"
    );
    // Found out before the first change.
    let nowhere = ["apply", "--yes", "--journal", "/proc/no/journal"];
    let refused = db.tenantctl(nowhere).run();
    refused.expect_code(3).says(&["nothing was changed"]);
    assert_eq!(db.value("select count(*) from pg_policy"), "0");
}
