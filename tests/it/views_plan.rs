//! `--views`: views that read or write past the policies, those that cannot be mended, and those that
//! need not be.

use crate::support::shop::{A, PASSWORD};
use crate::support::{Db, for_each_version};

const OPTIONS: &str = "select coalesce(string_agg(format('%s %s', relname, reloptions), ' ' order by relname), '')
    from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace and reloptions is not null";

fn count_as(db: &Db, app: &str, context: &str, relation: &str) -> String {
    let sql = format!(
        "set app.current_organization_id = '{context}'; select 'n', count(*) from {relation}"
    );
    let rows = db.sql_as(app, PASSWORD, &sql).unwrap();
    rows.last().unwrap()[1].clone().unwrap()
}

#[test]
fn a_view_reads_with_the_rights_of_its_caller() {
    for_each_version(|server| {
        let db = Db::on(server);
        db.shop();
        let [app, owner] = ["app", "owner"].map(|kind| db.role(kind));
        db.sql(&format!(
            r#"create role {owner}; grant create on schema public to {owner};
            alter table orders owner to {owner}; alter table organizations owner to {owner};
            create view "Alla ""order""" as select * from orders;
            comment on view "Alla ""order""" is 'all of them';
            create view upper as select organization_id, total from "Alla ""order""";
            create view owners as select organization_id from orders;
            alter view owners owner to {owner};
            grant select on "Alla ""order""", upper, owners to {app};"#
        ));
        let before = (db.dump(true), db.value(OPTIONS));
        let apply = ["apply", "--yes", "--views", "--accept-lockout", &owner];
        let run = db.tenantctl(apply).run().expect_code(0);
        db.tenantctl(["plan", "--check", "--views"])
            .run()
            .expect_code(0);
        if server.major() < 15 {
            assert!(
                run.stdout
                    .contains("security_invoker come with PostgreSQL 15"),
                "{}",
                run.stdout
            );
        } else {
            for view in [r#""Alla ""order""""#, "upper", "owners"] {
                assert_eq!(count_as(&db, &app, A, view), "1", "{view}");
            }
            let audit = db.tenantctl(["audit", "--fail-on", "medium"]).run();
            assert!(
                !audit.stdout.contains("view-bypasses-rls"),
                "{}",
                audit.stdout
            );
        }
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert_eq!(before, (db.dump(true), db.value(OPTIONS)));
    });
}

#[test]
fn without_the_privileges_below_a_view_is_left_alone() {
    for_each_version(|server| {
        if server.major() < 15 {
            return;
        }
        let db = Db::on(server);
        db.shop();
        let app = db.role("app");
        db.sql(&format!(
            "create schema hidden; create table hidden.rates (total numeric, rate numeric);
             create view priced as select o.*, r.rate from orders o join hidden.rates r using (total);
             grant select on priced to {app};"
        ));
        let run = db.tenantctl(["apply", "--yes", "--views"]).run();
        let run = run.expect_code(0);
        let wanted = format!(
            "left alone: public.priced: it reads tenant tables as its owner; with \
             security_invoker the application would need what it has not: GRANT SELECT ON hidden.rates TO {app}"
        );
        assert!(run.stdout.contains(&wanted), "{}", run.stdout);
        assert_eq!(db.value(OPTIONS), "");
        db.sql(&format!("grant select on hidden.rates to {app}"));
        db.tenantctl(["plan", "--check", "--views"])
            .run()
            .expect_code(1);
    });
}

/// What is set, and what stood there before, are different things.
#[test]
fn an_option_that_was_declined_is_declined_again_by_revert() {
    for_each_version(|server| {
        if server.major() < 15 {
            return;
        }
        let db = Db::on(server);
        db.shop();
        let app = db.role("app");
        db.sql(&format!(
            "create view said with (security_barrier = on, security_invoker = off) as select * from orders;
             grant select on said to {app};"
        ));
        let before = (db.dump(true), db.value(OPTIONS));
        db.tenantctl(["apply", "--yes", "--views"])
            .run()
            .expect_code(0);
        assert_eq!(count_as(&db, &app, A, "said"), "1");
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert_eq!(before, (db.dump(true), db.value(OPTIONS)));
    });
}

#[test]
fn a_filter_of_its_own_gets_its_barrier_and_its_check() {
    for_each_version(|server| {
        let db = Db::on(server);
        db.shop();
        let app = db.role("app");
        let own = "organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid";
        db.sql(&format!(
            "create view leaky as select * from orders where {own};
             create view fine with (security_barrier = true) as select * from orders where {own};
             create view writable with (security_barrier = true) as
                 select organization_id, total from orders where {own};
             grant select on leaky, fine to {app};
             grant select, insert on writable to {app};"
        ));
        let before = db.dump(true);
        db.tenantctl(["apply", "--yes", "--views"])
            .run()
            .expect_code(0);
        db.tenantctl(["plan", "--check", "--views"])
            .run()
            .expect_code(0);
        assert_eq!(
            db.value(OPTIONS),
            "fine {security_barrier=true} leaky {security_barrier=true} \
             writable {security_barrier=true,check_option=local}"
        );
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert_eq!(before, db.dump(true));
    });
}

/// A forged mark sets nothing but a view's own three options.
#[test]
fn a_forged_mark_sets_no_other_option() {
    let db = Db::new();
    db.shop();
    db.sql(
        r#"create view v as select 1 as one;
        comment on view v is 'tenantctl 0.1.0: {"plan":"0","options":{"x); drop table orders; --":null}}'"#,
    );
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    assert_eq!(db.value("select count(*) from orders"), "2");
    assert_eq!(db.value("select obj_description('v'::regclass)"), "");
}
