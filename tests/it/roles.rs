//! `role`: converging, passwords that never show, and the verdict on a role.

use std::os::unix::fs::PermissionsExt;

use crate::support::shop::{A, config};
use crate::support::{Db, for_each_version};

/// A shop whose application role does not exist yet.
fn bare_on(db: &Db) -> String {
    let app = db.role("app");
    db.sql(
        "create table organizations (id uuid primary key, name text);
         create table orders (id serial primary key, organization_id uuid);
         create table countries (code text)",
    );
    db.config(&format!(
        "{}[tables]\nshared = [\"public.countries\"]\n",
        config(&app)
    ));
    app
}

fn printed(stdout: &str) -> String {
    let line = stdout
        .lines()
        .find_map(|line| line.strip_prefix("password: "));
    line.unwrap().to_owned()
}

#[test]
fn a_role_is_made_once_and_fit() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = bare_on(&db);
        db.tenantctl(["role", "show"]).run().expect_code(1);
        let dry = db
            .tenantctl(["role", "create", "--dry-run"])
            .run()
            .expect_code(0);
        assert!(dry.stdout.contains("PASSWORD '***'"), "{}", dry.stdout);
        assert_eq!(
            db.value(&format!(
                "select count(*) from pg_roles where rolname = '{app}'"
            )),
            "0"
        );
        let create = ["role", "create", "--revoke-public"];
        let password = printed(&db.tenantctl(create).run().expect_code(0).stdout);
        assert!(password.len() >= 24);
        db.sql_as(
            &app,
            &password,
            "select * from countries; insert into orders (organization_id) values (null)",
        )
        .unwrap();
        for refused in [
            "delete from organizations",
            "insert into countries values ('x')",
            "truncate orders",
            "create table public.x ()",
            "select last_value from orders_id_seq",
        ] {
            let why = db.sql_as(&app, &password, refused).unwrap_err();
            assert_eq!(why.code, "42501", "{refused}: {why}");
        }
        let again = db.tenantctl(create).run().expect_code(0);
        assert!(
            again.stdout.contains("nothing was changed"),
            "{}",
            again.stdout
        );
        db.sql("create table later (id int, organization_id uuid)");
        db.sql_as(&app, &password, "select * from later").unwrap();
        let show = db
            .tenantctl(["role", "show", "--format", "json"])
            .run()
            .expect_code(0)
            .json();
        assert_eq!(show["fit"], true);
        assert_eq!(show["unfit"].as_array().unwrap().len(), 0);
    });
}

#[test]
fn what_makes_a_role_unfit_is_named_and_mended() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = bare_on(&db);
        db.tenantctl(["role", "create", "--revoke-public"])
            .run()
            .expect_code(0);
        let boss = db.role("boss");
        db.sql(&format!(
            "alter role {app} bypassrls createdb; create role {boss} bypassrls;
             grant {boss} to {app}; grant truncate on orders to {app};
             grant trigger on orders to public; alter table countries owner to {app}"
        ));
        let show = db
            .tenantctl(["role", "show", "--format", "json"])
            .run()
            .expect_code(1)
            .json();
        let reasons: Vec<&str> = show["unfit"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["reason"].as_str().unwrap())
            .collect();
        for part in [
            "BYPASSRLS: no policy",
            "create databases",
            "is a member of",
            "TRUNCATE on public.orders",
            "TRIGGER on public.orders through PUBLIC",
        ] {
            assert!(
                reasons.iter().any(|reason| reason.contains(part)),
                "{part}: {reasons:?}"
            );
        }
        db.tenantctl(["role", "create"])
            .run()
            .expect_code(1)
            .says(&["--revoke-public", "REVOKE TRIGGER"]);
        db.tenantctl(["role", "create", "--revoke-public"])
            .run()
            .expect_code(1)
            .says(&["not fit", "is a member of"]);
        db.sql(&format!("revoke {boss} from {app}"));
        db.tenantctl(["role", "show"]).run().expect_code(0);
        db.sql(&format!(
            "alter table countries owner to current_user; drop owned by {app}"
        ));
    });
}

#[test]
fn a_password_is_given_kept_and_changed_without_being_shown() {
    let db = Db::new();
    let app = bare_on(&db);
    let odd = "pä ß'\\x \u{1f980}";
    let create = [
        "role",
        "create",
        "--revoke-public",
        "--password-stdin",
        "--write-password",
        "pw",
    ];
    let run = db
        .tenantctl(create)
        .stdin(format!("{odd}\n"))
        .run()
        .expect_code(0);
    assert!(!run.stdout.contains(odd) && !run.stderr.contains(odd));
    assert_eq!(db.read("pw"), format!("{odd}\n"));
    let mode = std::fs::metadata(db.dir().join("pw"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    db.sql_as(&app, odd, "select 1").unwrap();
    let stored = db.value(&format!(
        "select left(rolpassword, 14) from pg_authid where rolname = '{app}'"
    ));
    assert_eq!(stored, "SCRAM-SHA-256$");
    db.tenantctl(["role", "rotate", "--write-password", "pw"])
        .run()
        .expect_code(2)
        .says(&["--force"]);
    db.sql_as(&app, odd, "select 1").unwrap();
    let rotate = ["role", "rotate", "--write-password", "pw", "--force"];
    db.tenantctl(rotate).run().expect_code(0);
    assert_eq!(db.sql_as(&app, odd, "select 1").unwrap_err().code, "28P01");
    db.sql_as(&app, db.read("pw").trim_end(), "select 1")
        .unwrap();
    db.tenantctl(["role", "rotate", "--password-stdin"])
        .stdin("")
        .run()
        .expect_code(2)
        .says(&["is empty"]);
}

#[test]
fn a_role_is_dropped_when_nothing_hangs_on_it() {
    for_each_version(|server| {
        let db = Db::on(server);
        let app = bare_on(&db);
        let password = printed(
            &db.tenantctl(["role", "create", "--revoke-public"])
                .run()
                .expect_code(0)
                .stdout,
        );
        db.tenantctl(["apply", "--yes"]).run().expect_code(0);
        let drop = ["role", "drop", "--yes"];
        db.tenantctl(["role", "drop"]).run().expect_code(2);
        db.tenantctl(drop)
            .run()
            .expect_code(1)
            .says(&["policy orders_org_isolation on public.orders"]);
        db.sql("drop policy orders_org_isolation on orders; drop policy organizations_org_isolation on organizations");
        let session = crate::support::Session::open(&db.url_as(&app, &password)).unwrap();
        db.tenantctl(drop)
            .run()
            .expect_code(1)
            .says(&["it has a session: pid"]);
        std::mem::drop(session);
        let gone = format!("select count(*) from pg_stat_activity where usename = '{app}'");
        while db.value(&gone) != "0" {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        db.tenantctl(drop).run().expect_code(0);
        let run = db.tenantctl(drop).run().expect_code(0);
        assert!(run.stdout.contains("does not exist"), "{}", run.stdout);
    });
}

/// Managed services have no superuser; PostgreSQL 16 changed what CREATEROLE may do.
#[test]
fn an_owner_who_may_create_roles_is_enough() {
    for_each_version(|server| {
        let db = Db::on(server);
        let admin = db.role("admin");
        let app = db.role("app");
        db.sql(&format!(
            "create role {admin} login createrole password 'x';
             alter database {} owner to {admin}; alter schema public owner to {admin};
             set role {admin};
             create table organizations (id uuid primary key);
             create table orders (id serial, organization_id uuid)",
            db.name()
        ));
        db.config(&config(&app));
        let url = db.url_as(&admin, "x");
        let run = |args: &[&str]| {
            db.tenantctl(args.iter())
                .args(["--database-url", &url])
                .run()
        };
        let password = printed(
            &run(&["role", "create", "--revoke-public"])
                .expect_code(0)
                .stdout,
        );
        run(&["apply", "--yes", "--accept-lockout", &admin]).expect_code(0);
        run(&["plan", "--check"]).expect_code(0);
        let insert = format!(
            "set app.current_organization_id = '{A}'; insert into orders (organization_id) values ('{A}')"
        );
        db.sql_as(&app, &password, &insert).unwrap();
        db.sql("drop policy orders_org_isolation on orders; drop policy organizations_org_isolation on organizations");
        run(&["role", "drop", "--yes"]).expect_code(0);
        db.sql(&format!("alter database {} owner to current_user; alter schema public owner to current_user; reassign owned by {admin} to current_user", db.name()));
    });
}
