//! A login that may not look (faults P01 and P05): a message that names what is missing, never a pass.

use crate::support::Db;
use crate::support::shop::PASSWORD;

#[test]
fn the_applications_own_login_can_audit_itself() {
    let db = Db::new();
    db.isolated_shop();
    let url = db.url_as(&db.role("app"), PASSWORD);
    let args = ["audit", "--format", "json", "--database-url"];
    let own = db.tenantctl(args).arg(&url).run().expect_code(0);
    let admin = db.tenantctl(["audit", "--format", "json"]).run();
    // The catalogs are open to everybody, so both see the same.
    assert_eq!(own.stdout, admin.expect_code(0).stdout);
}

#[test]
fn a_login_without_any_privilege_on_the_tables_sees_the_same_leak() {
    let db = Db::new();
    db.shop();
    let nobody = db.role("nobody");
    db.sql(&format!("create role {nobody} login password '{PASSWORD}'"));
    let url = db.url_as(&nobody, PASSWORD);
    let run = db.tenantctl(["audit", "--format", "json", "--database-url", &url]);
    let own = run.run().expect_code(1);
    let admin = db.tenantctl(["audit", "--format", "json"]).run();
    assert_eq!(own.stdout, admin.expect_code(1).stdout);
}

#[test]
fn a_catalog_that_may_not_be_read_is_no_verdict() {
    let db = Db::new();
    db.isolated_shop();
    let url = db.url_as(&db.role("app"), PASSWORD);
    for catalog in ["pg_policy", "pg_class", "pg_proc"] {
        db.sql(&format!(
            "revoke select on pg_catalog.{catalog} from public"
        ));
        let run = db.tenantctl(["audit", "--database-url", &url]).run();
        let run = run.expect_code(3).says(&[
            &format!("permission denied for table {catalog}"),
            "SQLSTATE 42501",
        ]);
        assert_eq!(run.stdout, "", "no verdict was reached");
        db.sql(&format!("grant select on pg_catalog.{catalog} to public"));
    }
    db.tenantctl(["audit", "--database-url", &url])
        .run()
        .expect_code(0);
}

/// Fault P02: what may not be changed is named before anything is.
#[test]
fn an_owner_of_half_of_the_tables_changes_nothing() {
    let db = Db::new();
    db.shop();
    let owner = db.role("owner");
    db.sql(&format!(
        "create role {owner} login password '{PASSWORD}';
         alter table public.organizations owner to {owner};
         grant create on schema public to {owner}"
    ));
    let url = db.url_as(&owner, PASSWORD);
    let run = db.tenantctl(["apply", "--yes", "--database-url", &url]);
    let run = run.run().expect_code(3).says(&["public.orders", "owner"]);
    assert!(!run.stderr.contains("panicked"));
    let enabled = "select count(*) from pg_class where relrowsecurity";
    assert_eq!(db.value(enabled), "0", "all or nothing: {}", run.stderr);
}

/// Fault P03.
#[test]
fn a_database_that_takes_no_writes() {
    let db = Db::new();
    db.shop();
    let admin = db.role("admin");
    db.sql(&format!(
        "create role {admin} superuser login password '{PASSWORD}';
         alter role {admin} set default_transaction_read_only = on"
    ));
    let url = db.url_as(&admin, PASSWORD);
    // Reading needs no writes.
    db.tenantctl(["audit", "--database-url", &url])
        .run()
        .expect_code(1);
    db.tenantctl(["plan", "--database-url", &url])
        .run()
        .expect_code(0);
}
