//! `--privileges`: what opens a way past the policies is taken, the rest stays, and `revert` gives
//! back exactly what was there.

use crate::support::shop::{B, PASSWORD};
use crate::support::{Db, for_each_version};

/// Severities above `low`.
const BAD: [&str; 3] = ["critical", "high", "medium"];

/// `check object`, of findings above low.
fn findings(db: &Db) -> Vec<String> {
    let audit = db.tenantctl(["audit", "--format", "json"]).run().json();
    let findings = audit["findings"].as_array().unwrap().clone();
    findings
        .iter()
        .filter(|finding| BAD.contains(&finding["severity"].as_str().unwrap()))
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            format!("{} {}", text("check"), text("object"))
        })
        .collect()
}

/// Applies, sees the fixed point, undoes it and compares the dumps; the findings in between.
fn there_and_back(db: &Db, accepted: &[&str]) -> Vec<String> {
    let options = ["--privileges"];
    let before = db.dump(true);
    let with = |command: &[&str]| {
        let args = command.iter().chain(&options).copied().collect::<Vec<_>>();
        db.tenantctl(args).run()
    };
    let apply: Vec<&str> = ["apply", "--yes"].iter().chain(accepted).copied().collect();
    with(&apply).expect_code(0);
    with(&["plan", "--check"]).expect_code(0);
    let found = findings(db);
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    assert_eq!(before, db.dump(true), "what revert leaves");
    let left = db.tenantctl(["revert", "--dry-run"]).run().expect_code(0);
    assert!(
        left.stdout.starts_with("nothing to undo"),
        "{}",
        left.stdout
    );
    found
}

/// Ways past the policies, of every kind.
fn open_ways(db: &Db) -> String {
    let [app, group, owner, other] = ["app", "group", "owner", "other"].map(|kind| db.role(kind));
    db.shop();
    db.sql(&format!(
        r#"create role {group}; create role {owner}; create role {other} login;
        grant {group} to {app}, {other};
        create schema "Ällt \ 'hér'";
        alter default privileges for role {owner} in schema "Ällt \ 'hér'" grant select, insert on tables to {app};
        alter default privileges for role {owner} grant select on tables to public;
        grant create, usage on schema public to public;
        comment on schema public is 'ours';
        create table "Ällt \ 'hér'"."Möte""r" (id int, organization_id uuid, note text);
        grant select, insert, update, delete, truncate, references, trigger on orders to {app};
        grant truncate on orders to {group} with grant option;
        grant references (id, total), select (id) on orders to {group};
        grant trigger on "Ällt \ 'hér'"."Möte""r" to public;
        create materialized view sums as select organization_id, count(*) from orders group by 1;
        grant select on sums to {group};
        create function all_totals() returns setof numeric language sql security definer
            set search_path = pg_catalog, pg_temp as 'select total from public.orders';
        create procedure wipe(inout gone int) language sql security definer
            set search_path = pg_catalog, pg_temp as 'delete from public.orders returning 1';
        comment on function all_totals() is 'for the books';
        create view sampled as select tablename, most_common_vals from (
            select starelid::regclass::text as tablename, stavalues1::text as most_common_vals from pg_statistic) s;
        grant select on sampled to public;"#
    ));
    app
}

fn listed(db: &Db) {
    let text = db.read("tenantctl.toml");
    db.config(&text.replace("[\"public\"]", r#"["public", "Ällt \\ 'hér'"]"#));
}

#[test]
fn every_way_is_closed_and_opened_again_by_revert() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = open_ways(&db);
        listed(&db);
        db.tenantctl(["plan", "--privileges"]).run().expect_code(0);
        let found = there_and_back(&db, &["--accept-lockout", &db.role("group")]);
        assert_eq!(found, Vec::<String>::new());
        let group = db.role("group");
        let apply = ["apply", "--yes", "--privileges", "--accept-lockout", &group];
        db.tenantctl(apply).run().expect_code(0);
        // What the application needs it keeps.
        for privilege in ["select", "insert", "update", "delete"] {
            let held = format!("select has_table_privilege('{app}', 'orders', '{privilege}')");
            assert_eq!(db.value(&held), "t", "{privilege}");
        }
        let refused = |sql: &str| {
            let why = db.sql_as(&app, PASSWORD, sql).unwrap_err();
            assert_eq!(why.code, "42501", "{sql}");
        };
        refused("truncate orders");
        refused("select * from sums");
        refused("select * from all_totals()");
        refused("call wipe(1)");
        refused("create table public.mine (id int)");
        refused("select * from sampled");
        db.tenantctl(["apply", "--yes", "--privileges"])
            .run()
            .expect_code(0);
    });
}

#[test]
fn a_way_that_no_revoke_of_the_owners_closes_is_told_and_left() {
    let db = Db::new();
    db.shop();
    let [app, middle, other] = ["app", "middle", "other"].map(|kind| db.role(kind));
    db.sql(&format!(
        "create role {middle}; create role {other} login;
         create table notes (id int, organization_id uuid);
         create table bills (id int, organization_id uuid);
         grant truncate on notes to {middle} with grant option;
         set role {middle}; grant truncate on notes to {app}; reset role;
         grant trigger on bills to {app} with grant option;
         set role {app}; grant trigger on bills to {other}; reset role;
         create function helper() returns setof uuid language sql security definer stable
             set search_path = pg_catalog, pg_temp as 'select id from public.orders';
         create function named() returns setof uuid language sql security definer stable
             set search_path = pg_catalog, pg_temp as 'select id from public.orders';
         grant execute on function named() to {app};
         create view shown as select helper() as id; grant select on shown to {app};"
    ));
    let acls =
        "select string_agg(format('%s %s', relname, relacl), ' ' order by relname) from pg_class
                where relname in ('notes', 'bills')";
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    let before = db.value(acls);
    let run = db.tenantctl(["apply", "--yes", "--privileges"]).run();
    let run = run.expect_code(0);
    assert_eq!(db.value(acls), before);
    let said = |text: &str| assert!(run.stdout.contains(text), "{text} in {}", run.stdout);
    said(&format!(
        "public.notes: TRUNCATE was granted to {app} by {middle}, who is not the owner"
    ));
    said(&format!("{app} has granted TRIGGER on to {other}"));
    said("public.helper(): public.shown calls it");
    said(&format!(
        "public.named(): EXECUTE was granted to {app} by name"
    ));
    db.tenantctl(["plan", "--check", "--privileges"])
        .run()
        .expect_code(0);
}

#[test]
fn who_else_loses_is_told() {
    let db = Db::new();
    db.shop();
    let [app, reporter, owner] = ["app", "reporter", "owner"].map(|kind| db.role(kind));
    db.sql(&format!(
        "create role {reporter} login; create role {owner} login;
         create function totals() returns setof numeric language sql security definer
             set search_path = pg_catalog, pg_temp as 'select total from public.orders';
         grant execute on function totals() to {owner};"
    ));
    let run = db.tenantctl(["plan", "--privileges", "--format", "json"]);
    let plan = run.run().expect_code(0).json();
    let changes = plan["changes"].as_array().unwrap();
    let change = changes
        .iter()
        .find(|change| change["id"] == "revoke:public.totals()")
        .unwrap_or_else(|| panic!("{plan}"));
    let because = change["because"][0].as_str().unwrap();
    assert!(
        because.contains(&format!("PUBLIC, and so {app}")),
        "{because}"
    );
    assert!(because.contains(&reporter), "{because}");
    assert!(!because.contains(&owner), "{because}");
    assert_eq!(change["closes"][0], "definer-bypasses-rls");
    assert_eq!(
        change["statements"][0],
        "REVOKE EXECUTE ON FUNCTION public.totals() FROM PUBLIC"
    );
    assert_eq!(
        change["undo"].as_array().unwrap().last().unwrap(),
        "GRANT EXECUTE ON FUNCTION public.totals() TO PUBLIC"
    );
}

/// What is closed, or does not lead to tenants' rows, is none of our business.
#[test]
fn what_is_innocent_is_left() {
    let db = Db::new();
    db.shop();
    let [app, reader, auditor] = ["app", "reader", "auditor"].map(|kind| db.role(kind));
    db.sql(&format!(
        "create role {reader} login; create role {auditor} nologin;
         create table prices (id int, price numeric);
         grant all on prices to {app};
         grant truncate, trigger, references on orders to {reader};
         create function pinned() returns setof numeric language sql security definer stable
             set search_path = pg_catalog, pg_temp as $$select total from public.orders
             where organization_id = current_setting('app.current_organization_id', true)::uuid$$;
         create materialized view sums as select organization_id, count(*) from orders group by 1;
         grant select on sums to {reader};
         create materialized view price_list as select price from prices;
         grant select on price_list to {app};
         create schema tools; grant create on schema tools to {app};
         revoke create on schema public from public;
         create table events (id int, organization_id uuid, at date) partition by range (at);
         create table events_1 partition of events for values from ('2024-01-01') to ('2025-01-01');
         grant select, insert on events_1 to {app};
         alter default privileges for role {reader} grant select on tables to {auditor};"
    ));
    let plan = |options: &[&str]| {
        let run = db.tenantctl(["plan", "--format", "json"]).args(options);
        let plan = run.run().expect_code(0).json();
        plan["changes"].clone()
    };
    let (with, without) = (plan(&["--privileges"]), plan(&[]));
    // Marks tell plans apart.
    let statements = |changes: &serde_json::Value| -> Vec<String> {
        let changes = changes.as_array().unwrap();
        let all = changes
            .iter()
            .flat_map(|change| change["statements"].as_array().unwrap().clone());
        all.map(|statement| statement.as_str().unwrap().to_owned())
            .filter(|statement| !statement.starts_with("COMMENT"))
            .collect()
    };
    assert_eq!(statements(&with), statements(&without));
}

#[test]
fn a_partition_that_cannot_be_isolated_is_kept_from_the_application() {
    let db = Db::new();
    db.shop();
    let app = db.role("app");
    db.sql(&format!(
        "create schema archive; grant usage on schema archive to {app};
         create table events (id int, organization_id uuid, at date) partition by range (at);
         create table archive.events_1 partition of events for values from ('2024-01-01') to ('2025-01-01');
         grant select, insert on archive.events_1 to {app};
         insert into events values (1, '{B}', '2024-02-02');"
    ));
    let found = there_and_back(&db, &[]);
    assert!(
        !found
            .iter()
            .any(|found| found.starts_with("partition-open")),
        "{found:?}"
    );
}

/// A comment is anybody's who owns the object: what it tells of another role's default privileges is
/// not done for him.
#[test]
fn a_forged_mark_gives_nobody_the_tables_of_another() {
    let db = Db::new();
    db.shop();
    let mallory = db.role("mallory");
    let mark = |object: &str, from: &str| {
        format!(
            r#"comment on {object} is 'tenantctl 0.1.0: {{"plan":"0","revoked":[{{"from":"{mallory}","privileges":["SELECT"],"new_tables_of":"{from}"}}]}}'"#
        )
    };
    let admin = db.value("select current_user");
    db.sql(&format!(
        "create role {mallory} login; create schema theirs authorization {mallory};
         {};",
        mark("schema theirs", &admin)
    ));
    let run = db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    assert!(run.stdout.contains("does not act for"), "{}", run.stdout);
    assert_eq!(db.value("select count(*) from pg_default_acl"), "0");
    // What concerns nobody but its owner is done.
    db.sql(&mark("schema theirs", &mallory));
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    assert_eq!(db.value("select count(*) from pg_default_acl"), "1");
}
