//! Who loses sight of rows by `apply`, and that nobody does without being named.

use serde_json::Value;

use crate::support::Db;

/// A shop whose tables belong to a login that is no superuser.
fn owned_shop() -> (Db, String) {
    let db = Db::new();
    db.shop();
    db.tenantctl(["role", "create"]).run().expect_code(0);
    let owner = db.role("owner");
    db.sql(&format!(
        "create role {owner} login password 'of the owner';
         alter table organizations owner to {owner};
         alter table orders owner to {owner};
         grant create on schema public to {owner};"
    ));
    (db, owner)
}

fn lockouts(db: &Db) -> Vec<Value> {
    let run = db.tenantctl(["plan", "--format", "json"]).run();
    run.expect_code(0).json()["lockouts"]
        .as_array()
        .unwrap()
        .clone()
}

/// Those of this test, by name: other tests give other roles to the same server.
fn names(found: &[Value]) -> Vec<&str> {
    let role = |row: &Value| row["role"].as_str().unwrap().starts_with("pg_");
    let own = found.iter().filter(|row| !role(row));
    own.map(|row| row["role"].as_str().unwrap()).collect()
}

#[test]
fn nobody_is_locked_out_where_superusers_own_everything() {
    let db = Db::new();
    db.shop();
    db.tenantctl(["role", "create"]).run().expect_code(0);
    let (idle, watcher, member, elsewhere) = (
        db.role("idle"),
        db.role("watcher"),
        db.role("member"),
        db.role("elsewhere"),
    );
    // No privilege on rows, BYPASSRLS, the application by another name, a table of nobody's, a group
    // that nobody can be.
    db.sql(&format!(
        "create role {idle} login;
         grant references, trigger on orders to {idle};
         create role {watcher} login bypassrls;
         grant select on orders to {watcher};
         create role {member} login in role {app};
         create table log (id int);
         create role {elsewhere};
         grant select on log, orders to {elsewhere};",
        app = db.role("app")
    ));
    let found = lockouts(&db);
    assert_eq!(names(&found), [elsewhere.as_str()]);
    assert!(
        found
            .iter()
            .all(|row| row["role"] == *elsewhere || row["members"][0] != Value::Null)
    );
    assert_eq!(found.last().unwrap()["refuses"], false);
    db.tenantctl(["apply", "--yes"]).run().expect_code(0);
    assert_eq!(lockouts(&db), Vec::<Value>::new());
}

/// The owned shop with a group that somebody is in, and a login that may write.
fn staffed_shop() -> (Db, [String; 4]) {
    let (db, owner) = owned_shop();
    let [group, reader, late] = ["group", "reader", "writer"].map(|kind| db.role(kind));
    db.sql(&format!(
        "create role {group};
         create role {reader} login in role {group};
         create role {late} login;
         grant select on orders to {group};
         grant insert (total), update on orders to {late};"
    ));
    (db, [group, owner, late, reader])
}

#[test]
fn the_plan_shows_the_owner_and_who_reads() {
    let (db, [group, owner, late, reader]) = staffed_shop();
    let found = lockouts(&db);
    assert_eq!(names(&found), [&group, &owner, &late]);
    let of = |name: &str| found.iter().find(|row| row["role"] == name).unwrap();
    assert_eq!(of(&group)["members"][0], reader.as_str());
    assert_eq!(of(&group)["losses"][0]["objects"][0], "public.orders");
    let tables = of(&owner)["losses"][0]["objects"].as_array().unwrap();
    assert_eq!(tables.len(), 2);
    for format in ["table", "sql", "markdown"] {
        let run = db.tenantctl(["plan", "--format", format]).run();
        let text = run.expect_code(0).stdout;
        assert!(text.contains(&format!("{owner} owns them")), "{text}");
        assert!(text.contains(&format!("--accept-lockout {late}")), "{text}");
    }
}

#[test]
fn apply_wants_each_of_them_named() {
    let (db, [group, owner, late, _]) = staffed_shop();
    let before = db.dump(true);
    let refused = db.tenantctl(["apply", "--yes"]).run().expect_code(3);
    assert!(refused.stdout.is_empty(), "{}", refused.stdout);
    refused.says(&[
        "none was made",
        &format!("--accept-lockout {group}"),
        &format!("--accept-lockout {owner}"),
    ]);
    let two = ["--accept-lockout", &group, "--accept-lockout", &owner];
    let apply = || db.tenantctl(["apply", "--yes"]).args(two);
    let still = apply().run().expect_code(3);
    assert!(!still.stderr.contains(&owner), "{}", still.stderr);
    assert_eq!(db.dump(true), before);
    let wrong = apply().args(["--accept-lockout", "nobody"]);
    wrong.run().expect_code(2).says(&["no role of that name"]);
    let all = apply().args(["--accept-lockout", &late]);
    all.run().expect_code(0);
    // What was accepted is no lockout any more, and saying so again does no harm.
    apply().run().expect_code(0);
    let seen = db.sql_as(&owner, "of the owner", "select count(*) from orders");
    assert_eq!(seen.unwrap()[0][0].as_deref(), Some("0"));
    let audit = db.tenantctl(["audit", "--format", "json"]).run();
    let audit = audit.expect_code(0).json();
    let findings = audit["findings"].as_array().unwrap().iter();
    let blind: Vec<&str> = findings
        .filter(|finding| finding["check"] == "role-sees-nothing")
        .map(|finding| finding["object"].as_str().unwrap())
        .collect();
    assert_eq!(blind, [&group, &owner, &late]);
}

#[test]
fn a_policy_of_its_own_is_worth_the_context_only() {
    let (db, owner) = owned_shop();
    let support = db.role("support");
    db.sql(&format!(
        "create role {support} login;
         grant select, delete on orders to {support};
         alter table orders enable row level security;
         create policy support on orders for select to {support} using (true);
         alter table organizations owner to current_user;"
    ));
    let found = lockouts(&db);
    let mut expected = vec![owner.as_str(), support.as_str()];
    expected.sort_unstable();
    assert_eq!(names(&found), expected);
    let row = found.iter().find(|row| row["role"] == *support).unwrap();
    let why = row["losses"][0]["why"].as_str().unwrap();
    assert!(why.contains("app.current_organization_id"), "{why}");

    // A policy that pins the context already loses nothing by the guard; nor does anybody without one,
    // who saw nothing before.
    db.sql(&format!(
        "drop policy support on orders;
         create policy support on orders to {support} using (organization_id =
             nullif(current_setting('app.current_organization_id', true), '')::uuid);"
    ));
    assert_eq!(names(&lockouts(&db)), [owner.as_str()]);
    db.sql("drop policy support on orders");
    assert_eq!(names(&lockouts(&db)), [owner.as_str()]);
    // What --replace takes away counts.
    db.sql(&format!(
        "create policy support on orders for select to {support} using (organization_id =
             nullif(current_setting('app.current_organization_id', true), '')::uuid);"
    ));
    let plan = db
        .tenantctl(["plan", "--replace", "--format", "json"])
        .run();
    let found = plan.expect_code(0).json();
    let found = found["lockouts"].as_array().unwrap();
    assert_eq!(names(found), expected);
}

#[test]
fn what_reads_with_the_owners_rights_is_told() {
    let (db, owner) = owned_shop();
    let reader = db.role("reader");
    db.sql(&format!(
        "alter role {owner} nologin;
         create role {reader} login;"
    ));
    assert_eq!(lockouts(&db)[0]["refuses"], false, "nobody can be it");
    db.sql(&format!(
        "create view \"Öffentlich\" as select total from orders;
         alter view \"Öffentlich\" owner to {owner};
         create function totals() returns bigint language sql security definer
             set search_path = public, pg_temp as 'select count(*) from Orders';
         alter function totals() owner to {owner};
         create function other() returns bigint language sql security definer
             set search_path = public, pg_temp as 'select 1';
         alter function other() owner to {owner};
         create view mine as select total from orders;
         alter view mine owner to {owner};
         revoke all on mine, \"Öffentlich\" from {app};",
        app = db.role("app")
    ));
    let row = &lockouts(&db)[0];
    assert_eq!(row["through"], serde_json::json!(["public.totals()"]));
    assert_eq!(row["refuses"], true);
    db.sql(&format!("grant select on \"Öffentlich\" to {reader}"));
    let row = &lockouts(&db)[0];
    let both = serde_json::json!(["public.\"Öffentlich\"", "public.totals()"]);
    assert_eq!(row["through"], both);
    db.tenantctl(["apply", "--yes"])
        .run()
        .expect_code(3)
        .says(&[&format!("--accept-lockout {owner}")]);
}

#[test]
fn who_is_connected_is_told() {
    let (db, owner) = owned_shop();
    let url = format!(
        "{}&application_name=nightly",
        db.url_as(&owner, "of the owner")
    );
    let Ok(session) = crate::support::Session::open(&url) else {
        panic!("cannot connect as the owner");
    };
    session.sql("select 1");
    let row = &lockouts(&db)[0];
    assert_eq!(row["sessions"][0]["role"], owner.as_str());
    assert_eq!(row["sessions"][0]["sessions"], 1);
    let run = db.tenantctl(["apply", "--yes"]).run().expect_code(3);
    run.says(&[&format!("1 session of {owner}")]);
}

/// Everybody who may connect holds what PUBLIC holds: only those who do are in the way.
#[test]
fn what_public_may_counts_for_those_who_are_connected() {
    let db = Db::new();
    db.shop();
    db.tenantctl(["role", "create"]).run().expect_code(0);
    let stranger = db.role("stranger");
    db.sql(&format!(
        "create role {stranger} login password 'x';
         grant select on orders to public;"
    ));
    let found = lockouts(&db);
    let public = found.iter().find(|row| row["role"] == "PUBLIC").unwrap();
    assert_eq!(public["refuses"], false, "{public:#}");
    let session = crate::support::Session::open(&db.url_as(&stranger, "x"))
        .unwrap_or_else(|_| panic!("cannot connect"));
    session.sql("select 1");
    let apply = || db.tenantctl(["apply", "--yes"]);
    apply().run().expect_code(3).says(&["PUBLIC"]);
    apply()
        .args(["--accept-lockout", "PUBLIC"])
        .run()
        .expect_code(0);
}
