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
