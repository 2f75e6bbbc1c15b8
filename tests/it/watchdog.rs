//! `--watchdog`: a tenant table is isolated in the command that makes it, and nobody else's command
//! fails for it.

use crate::support::shop::{A, B, PASSWORD, config};
use crate::support::{Db, for_each_version};

/// Tables without row-level security that have the key, and whatever is half isolated.
const OPEN: &str = "select coalesce(string_agg(c.oid::regclass::text, ' ' order by 1), '') from pg_class c
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id')
      and (not c.relrowsecurity or not c.relforcerowsecurity
           or (select count(*) from pg_policy p where p.polrelid = c.oid) <> 2)";

fn watched(db: &Db) -> String {
    db.shop();
    db.tenantctl(["apply", "--yes", "--watchdog"])
        .run()
        .expect_code(0);
    db.tenantctl(["plan", "--check", "--watchdog"])
        .run()
        .expect_code(0);
    db.role("app")
}

/// Every way to come by a tenant table.
fn tables(migrator: &str) -> String {
    let long = "ä".repeat(31);
    format!(
        r#"create role {migrator} login password '{PASSWORD}';
            grant create, usage on schema public to {migrator};
            create domain orgid as uuid; create type colour as enum ('red', 'blue');
            create table "Mö""te" (id int, organization_id orgid);
            create table {long} (id int, organization_id varchar(10));
            create table coloured (organization_id colour);
            create table numbered (organization_id numeric(10, 2));
            create table fixed (organization_id char(5));
            create table copied as select * from orders;
            select * into selected from orders;
            create table late (id int); alter table late add column organization_id uuid;
            create table renamed (id int, org uuid); alter table renamed rename org to organization_id;
            create schema away; create table away.moved (organization_id uuid);
            alter table away.moved set schema public;
            create table events (organization_id uuid, at date) partition by range (at);
            create table events_1 partition of events for values from ('2024-01-01') to ('2025-01-01');
            create table away.events_2 (organization_id uuid, at date);
            comment on table away.events_2 is 'old ones';
            begin; set local tenantctl.watchdog = 'off'; alter table away.events_2 set schema public; commit;
            alter table events attach partition events_2 for values from ('2025-01-01') to ('2026-01-01');
            create table base (organization_id uuid); create table kid (more int) inherits (base);"#
    )
}

#[test]
fn every_way_to_make_a_tenant_table_ends_isolated() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = watched(&db);
        let migrator = db.role("migrator");
        db.sql(&tables(&migrator));
        db.sql_as(
            &migrator,
            PASSWORD,
            "create table mine (id int, organization_id uuid)",
        )
        .unwrap();
        assert_eq!(db.value(OPEN), "");
        let said = "select split_part(obj_description('events_2'::regclass), e'\\n', 1)";
        assert_eq!(db.value(said), "old ones");
        // It is as `apply` makes it: nothing but indexes and grants is left to do.
        let plan = db.tenantctl(["plan", "--format", "json", "--no-indexes"]);
        let plan = plan.run().expect_code(0).json();
        for change in plan["changes"].as_array().unwrap() {
            assert_eq!(change["kind"], "grant", "{change}");
        }
        db.sql(&format!("grant select, insert on copied, mine to {app}"));
        let a = format!("set app.current_organization_id = '{A}'");
        let count = db.sql_as(
            &app,
            PASSWORD,
            &format!("{a}; select 'n', count(*) from copied"),
        );
        assert_eq!(count.unwrap().last().unwrap()[1].as_deref(), Some("1"));
        let foreign = format!("{a}; insert into mine values (1, '{B}')");
        assert_eq!(
            db.sql_as(&app, PASSWORD, &foreign).unwrap_err().code,
            "42501"
        );
        db.tenantctl(["apply", "--yes", "--watchdog"])
            .run()
            .expect_code(0);
        db.tenantctl(["plan", "--check", "--watchdog"])
            .run()
            .expect_code(0);
    });
}

/// What has no tenant, is not ours or is only there for a session stays as it was made.
#[test]
fn innocent_tables_are_not_touched_and_innocent_commands_do_not_fail() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = watched(&db);
        db.sql(
            "create table plain (id int);
             create temporary table organization_ids (organization_id uuid);
             create schema elsewhere; create table elsewhere.theirs (organization_id uuid);
             create view shown as select * from orders;
             create materialized view kept as select * from orders;
             create table odd (organization_id jsonb);
             alter table plain add column more int;
             create index on plain (id);
             drop table plain;
             create schema at_once create table inside (organization_id uuid);",
        );
        let touched = "select coalesce(string_agg(relname, ' ' order by relname), '') from pg_class
            where relrowsecurity and relname not in ('orders', 'organizations')";
        // Of a key that no policy is written for: closed to everybody.
        assert_eq!(db.value(touched), "odd");
        // A restore, and whoever says so.
        for off in ["row_security = off", "tenantctl.watchdog = 'off'"] {
            db.sql(&format!(
                "begin; set local {off}; create table quiet (organization_id uuid); commit"
            ));
            let open = "select relrowsecurity from pg_class where relname = 'quiet'";
            assert_eq!(db.value(open), "f", "{off}");
            db.sql("drop table quiet");
        }
        // Its own faults are nobody else's.
        db.sql(&format!(
            "drop owned by {app}; drop role {app}; create table orphan (organization_id uuid)"
        ));
        let closed =
            "select relrowsecurity and relforcerowsecurity from pg_class where relname = 'orphan'";
        assert_eq!(db.value(closed), "t");
    });
}

#[test]
fn it_is_taken_away_alone_or_with_the_rest() {
    for_each_version(|server| {
        let db = Db::on(server);
        db.shop();
        let before = db.dump(true);
        let there = "select count(*) from pg_event_trigger";
        for alone in [true, false] {
            db.tenantctl(["apply", "--yes", "--watchdog"])
                .run()
                .expect_code(0);
            assert_eq!(db.value(there), "1");
            db.sql("create table later (organization_id uuid)");
            if alone {
                db.tenantctl(["revert", "--yes", "--watchdog"])
                    .run()
                    .expect_code(0);
                assert_eq!(db.value(there), "0");
                let isolated = "select relrowsecurity from pg_class where relname = 'orders'";
                assert_eq!(db.value(isolated), "t");
            }
            db.tenantctl(["revert", "--yes"]).run().expect_code(0);
            assert_eq!(db.value(there), "0");
            // What the watchdog made at a table goes as what `apply` made does.
            let open = "select relrowsecurity or relforcerowsecurity from pg_class where relname = 'later'";
            assert_eq!(db.value(open), "f");
            db.sql("drop table later");
            assert_eq!(before, db.dump(true), "alone: {alone}");
        }
    });
}

#[test]
fn isolation_can_be_turned_off_under_its_eyes_in_an_emergency() {
    let db = Db::new();
    watched(&db);
    let args = [
        "revert",
        "--emergency",
        "public.orders",
        "--confirm",
        "public.orders",
    ];
    db.tenantctl(args).run().expect_code(0);
    let on = "select relrowsecurity from pg_class where relname = 'orders'";
    assert_eq!(db.value(on), "f");
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    assert_eq!(db.value(on), "t");
}

#[test]
fn a_name_that_is_taken_and_an_administrator_who_is_no_superuser_are_told() {
    let db = Db::new();
    db.shop();
    let owner = db.role("owner");
    db.sql(&format!(
        "create role {owner} login password '{PASSWORD}';
         alter table orders owner to {owner}; alter table organizations owner to {owner};
         alter schema public owner to {owner};
         alter database {} owner to {owner};",
        db.name()
    ));
    let url = db.url_as(&owner, PASSWORD);
    let apply = ["apply", "--yes", "--watchdog", "--database-url", &url];
    db.tenantctl(apply)
        .run()
        .expect_code(3)
        .says(&["none was made", "only a superuser"]);
    assert_eq!(
        db.value("select count(*) from pg_class where relrowsecurity"),
        "0"
    );
    db.sql(
        "create function tenantctl_watchdog() returns event_trigger language plpgsql as 'begin end'",
    );
    let plan = db.tenantctl(["plan", "--watchdog"]).run().expect_code(0);
    assert!(
        plan.stdout.contains("left alone: tenantctl_watchdog"),
        "{}",
        plan.stdout
    );
    assert!(!plan.stdout.contains("EVENT TRIGGER"), "{}", plan.stdout);
}

#[test]
fn audit_does_not_complain_of_it_and_settings_reach_it() {
    for_each_version(|server| {
        let db = Db::on(server);
        db.shop();
        let app = db.role("app");
        db.sql(
            "create table users (id int, org uuid); create table codes (organization_id uuid);
             alter table users add unique (org, id);",
        );
        db.config(&format!(
            "{}[tables]\nshared = [\"public.codes\"]\n[tables.key]\n\"public.users\" = \"org\"\n\
             [policy]\nname = \"it's 100% {{table}}\"\nguard = false\nmissing_context = \"error\"\n",
            config(&app)
        ));
        db.tenantctl(["apply", "--yes", "--watchdog"])
            .run()
            .expect_code(0);
        let audit = |db: &Db| {
            let run = db.tenantctl(["audit", "--format", "json"]).run();
            run.json()["findings"].to_string()
        };
        assert!(!audit(&db).contains("watchdog"), "{}", audit(&db));
        db.sql(
            "drop table users; create table users (id int, org uuid);
             drop table codes; create table codes (organization_id uuid);
             create table words (organization_id text);",
        );
        let isolated = "select string_agg(relname, ' ' order by relname) from pg_class
            where relrowsecurity and relforcerowsecurity and relnamespace = 'public'::regnamespace";
        assert_eq!(db.value(isolated), "orders organizations users words");
        let plan = db.tenantctl(["plan", "--format", "json", "--no-indexes", "--watchdog"]);
        for change in plan.run().expect_code(0).json()["changes"]
            .as_array()
            .unwrap()
        {
            assert_eq!(change["kind"], "grant", "{change}");
        }
        // Another configuration, another text; the same one, none.
        let toml = db.read("tenantctl.toml");
        db.config(&toml.replace("guard = false", "guard = true"));
        db.tenantctl(["plan", "--check", "--watchdog"])
            .run()
            .expect_code(1);
        db.tenantctl(["apply", "--yes", "--watchdog"])
            .run()
            .expect_code(0);
        db.tenantctl(["plan", "--check", "--watchdog", "--views"])
            .run()
            .expect_code(0);
    });
}
