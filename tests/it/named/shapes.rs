//! Constraints that share columns, names or actions with others.

use super::{apply, fixed};
use crate::support::Db;
use crate::support::shop::{A, B};

/// A shop with these tables, and the ids of all that is proposed there.
fn shop(tables: &str) -> (Db, Vec<String>) {
    let db = Db::new();
    db.shop();
    db.sql(tables);
    let create = ["role", "create", "--revoke-public"];
    db.tenantctl(create).run().expect_code(0);
    apply(&db, &[], 0);
    let plan = ["plan", "--constraints", "--format", "json"];
    let plan = db.tenantctl(plan).run().json();
    let proposals = plan["proposals"].as_array().unwrap().iter();
    let ids = proposals.map(|row| row["id"].as_str().unwrap().to_owned());
    let ids = ids.collect();
    (db, ids)
}

const KEY: &str = "organization_id uuid not null references organizations";

/// Makes all that is proposed, and takes it back; how many proposals there were.
fn there_and_back(tables: &str) -> usize {
    let (db, ids) = shop(tables);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let before = db.dump(true);
    apply(&db, &ids, 0);
    fixed(&db, &ids);
    fixed(&db, &[]);
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    apply(&db, &[], 0);
    assert_eq!(db.dump(true), before, "{tables}");
    ids.len()
}

#[test]
fn several_that_are_about_the_same_columns() {
    let two = format!(
        "create table tt (id int primary key, {KEY}, a int, constraint u1 unique (a));
         create unique index u2 on tt (a);"
    );
    assert_eq!(there_and_back(&two), 2);
    let team = format!("{two} alter table tt add constraint teams unique (organization_id, a);");
    assert_eq!(there_and_back(&team), 2);
    assert_eq!(
        there_and_back(&format!(
            "create table tt (id int primary key, {KEY}, a int, b int, constraint u1 unique (a, b), constraint u2 unique (b, a))"
        )),
        2
    );
    assert_eq!(
        there_and_back(&format!(
            "create table p (id int primary key, {KEY});
             create table c (id int primary key, {KEY}, a int constraint f1 references p on delete cascade constraint f2 references p)"
        )),
        2
    );
}

#[test]
fn names_that_are_taken_or_too_long() {
    let (long, other) = (
        format!("{}1", "a".repeat(60)),
        format!("{}2", "a".repeat(60)),
    );
    assert_eq!(
        there_and_back(&format!(
            "create table tt (id int primary key, {KEY}, {long} text unique, {other} text unique)"
        )),
        2
    );
    assert_eq!(
        there_and_back(&format!(
            "create table tt (id int primary key, {KEY}, b_c text unique, b text, c text, unique (b, c));"
        )),
        2
    );
    assert_eq!(
        there_and_back(&format!(
            "create table tt (id int primary key, {KEY}, a int unique);
             create view tt_organization_id_a_key as select 1"
        )),
        1
    );
}

/// Which foreign key acts first is a matter of oids, which a restore changes.
#[test]
fn the_actions_of_the_shorter_key_work_whichever_comes_first() {
    let (db, ids) = shop(&format!(
        "create table p (id int primary key, {KEY});
         create table c (id int primary key, {KEY}, p int references p on delete set null on update cascade)"
    ));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    apply(&db, &ids, 0);
    // The shorter key made anew is the younger one, as after a restore.
    db.sql(&format!(
        "alter table c drop constraint c_p_fkey;
         alter table c add constraint c_p_fkey foreign key (p) references p on delete set null on update cascade;
         insert into p values (1, '{A}'), (2, '{B}'); insert into c values (1, '{A}', 1), (2, '{B}', 2)"
    ));
    db.sql("update p set id = 3 where id = 1");
    db.sql("delete from p where id = 2");
    let rows = "select string_agg(coalesce(p::text, '-'), ',' order by id) from c";
    assert_eq!(db.value(rows), "3,-");
    let crossed = db.try_sql(&format!(
        "update c set p = 3, organization_id = '{B}' where id = 1"
    ));
    assert_eq!(crossed.unwrap_err().code, "23503");
}

#[test]
fn what_is_deferrable_or_lets_null_pass_is_no_substitute() {
    assert_eq!(
        there_and_back(&format!(
            "create table tt (id int primary key, {KEY}, constraint o2 unique (organization_id, id) deferrable, p int references tt)"
        )),
        1
    );
    let tables = format!(
        "create table p (id int primary key, {KEY}, x int, unique (organization_id, id, x));
         create table c (id int primary key, {KEY}, p int references p, x int,
             foreign key (organization_id, p, x) references p (organization_id, id, x))"
    );
    assert_eq!(there_and_back(&tables), 1);
    let (db, _) = shop(&tables);
    let findings = || {
        let report = db.tenantctl(["audit", "--format", "json"]).run().json();
        let findings = report["findings"].as_array().unwrap().clone();
        let mut checks = findings
            .iter()
            .map(|row| row["check"].as_str().unwrap().to_owned());
        checks.any(|check| check == "foreign-key-without-tenant")
    };
    assert!(findings());
    db.sql("alter table c alter x set not null");
    assert!(!findings());
}

#[test]
fn ours_stays_where_the_old_one_cannot_come_back() {
    let (db, ids) = shop(&format!(
        "create table tt (id int primary key, {KEY}, n int unique)"
    ));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let before = db.dump(true);
    apply(&db, &ids, 0);
    let unique = "select count(*) from pg_constraint where conname = 'tt_organization_id_n_key'";
    for (odd, even) in [
        (
            "alter table tt rename n to nn",
            "alter table tt rename nn to n",
        ),
        ("create table tt_n_key ()", "drop table tt_n_key"),
    ] {
        db.sql(odd);
        let run = db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert!(
            run.stdout.contains("so tt_organization_id_n_key stays"),
            "{}",
            run.stdout
        );
        assert_eq!(db.value(unique), "1");
        db.sql(even);
    }
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    apply(&db, &[], 0);
    assert_eq!(db.dump(true), before);
}

/// A run that was killed leaves a build; the way back takes it along.
#[test]
fn a_build_that_was_never_named_is_taken_away() {
    let (db, _) = shop(&format!(
        "create table tt (id int primary key, {KEY}, n int)"
    ));
    let before = db.dump(true);
    db.sql(
        "create unique index tt_organization_id_n_tenantctl_unique on tt (organization_id, n);
         create index tt_n_tenantctl_building on tt (n);
         create index theirs_tenantctl_building on tt (id)",
    );
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    apply(&db, &[], 0);
    let left = "select string_agg(relname, ' ') from pg_class where relname like '%tenantctl%'";
    assert_eq!(db.value(left), "theirs_tenantctl_building");
    db.sql("drop index theirs_tenantctl_building");
    assert_eq!(db.dump(true), before);
}

/// Rows that break a constraint are for the change itself to count.
#[test]
fn a_harmless_event_trigger_stops_nothing() {
    let (db, ids) = shop(&format!(
        "create table p (id int primary key, {KEY}); create table c (id int primary key, {KEY}, p int references p);
         insert into p values (1, '{A}'); insert into c values (1, '{B}', 1);
         create function harmless() returns event_trigger language plpgsql as 'begin end';
         create event trigger harmless on ddl_command_end execute function harmless()"
    ));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    apply(&db, &ids, 3);
    db.sql(&format!("create table later (id int, {KEY})"));
    apply(&db, &ids, 3);
    let isolated = "select relforcerowsecurity from pg_class where relname = 'later'";
    assert_eq!(db.value(isolated), "t");
    db.sql("drop event trigger harmless");
}
