//! The harness itself: a harness that quietly tests nothing would make every other test worthless.

use crate::support::{Db, World, for_each_version, servers_named, tell, versions};

/// Which servers the suite ran on. Named versions must be there: CI names them.
#[test]
fn the_versions_that_are_wanted_are_tested_on() {
    let (mut tested, mut missing) = (Vec::new(), Vec::new());
    for (major, server) in versions() {
        match server {
            Ok(server) => {
                assert_eq!(server.major(), major);
                tested.push(server.sandbox.version().number.clone());
            }
            Err(why) => missing.push(format!("PostgreSQL {major}: {why}")),
        }
    }
    tell(&format!("tested on PostgreSQL {}", tested.join(", ")));
    for why in &missing {
        tell(&format!("skipped: {why}"));
    }
    assert!(!tested.is_empty(), "there is no server to test on");
    assert!(
        missing.is_empty() || !servers_named(),
        "TENANTCTL_TEST_PG names versions that cannot be had"
    );
}

#[test]
fn a_database_and_its_roles_are_gone_after_the_test() {
    for_each_version(|server| {
        let db = Db::on(server);
        let (app, owner, name) = (db.role("app"), db.role("owner"), db.name().to_owned());
        db.sql(&format!(
            "create role {app} login password 'secret'; create role {owner};
             create table public.orders (id int); alter table public.orders owner to {owner};
             grant {owner} to {app} with admin option; grant select on public.orders to {app};"
        ));
        let rows = db.sql_as(&app, "secret", "select count(*) from public.orders");
        assert_eq!(rows.unwrap(), [[Some("0".to_owned())]]);
        let refused = db.sql_as(&app, "wrong", "select 1").unwrap_err();
        assert_eq!(refused.code, "28P01");
        drop(db);
        let other = Db::on(server);
        let left = other.value(&format!(
            "select (select count(*) from pg_database where datname = '{name}')
                  + (select count(*) from pg_roles where rolname in ('{app}', '{owner}'))"
        ));
        assert_eq!(left, "0");
    });
}

#[test]
fn a_session_keeps_what_it_locked_until_it_is_dropped() {
    let db = Db::new();
    db.sql("create table t (id int)");
    let holder = db.session();
    holder.sql("begin; lock table t in access exclusive mode");
    let blocked = db.try_sql("set lock_timeout = '50ms'; select * from t");
    assert_eq!(blocked.unwrap_err().code, "55P03");
    drop(holder);
    assert!(db.sql("select * from t").is_empty());
}

#[test]
fn the_world_holds_nothing_of_ours() {
    let world = World::new();
    let version = world.tenantctl(["--version"]).run().expect_code(0);
    assert_eq!(
        version.stdout,
        format!("tenantctl {}\n", env!("CARGO_PKG_VERSION"))
    );
    let dir = world.dir().to_path_buf();
    drop(world);
    assert!(!dir.exists());
}
