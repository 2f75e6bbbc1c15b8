//! `--constraints`: NOT NULL and foreign keys without a scan under a lock, and the way back.

use crate::support::shop::{A, B};
use crate::support::{Db, Outcome, for_each_version};

const ORPHAN: &str = "cccccccc-0000-4000-8000-000000000003";

/// Tables that lack what `--constraints` makes, and neighbours that do not.
const TABLES: &str = r#"
    create table "Odd ""Täble'" (id int, organization_id uuid);
    comment on column "Odd ""Täble'".organization_id is 'whose';
    create table taken (id int, organization_id uuid,
        constraint taken_organization_id_fkey check (id > 0),
        constraint taken_organization_id_tenantctl_not_null unique (id));
    create table äääääääääääääääääääääääääääääää (id int, organization_id uuid);
    create domain orgid as uuid not null;
    create table by_domain (id int, organization_id orgid references organizations);
    create table by_key (id int, organization_id uuid, primary key (id, organization_id));
    create table lines (id int, order_id uuid, organization_id uuid not null,
        foreign key (order_id, organization_id) references orders_keyed (id, organization_id));
    create table other_type (id int, organization_id text not null);
    create table events (id int, organization_id uuid) partition by list (id);
    create table events_1 partition of events for values in (1);
    create table base (id int, organization_id uuid not null);
    create table kid () inherits (base);"#;

fn shop(db: &Db, tables: &str) {
    db.shop();
    db.sql(
        "create table orders_keyed (id uuid, organization_id uuid not null, unique (id, organization_id));",
    );
    db.sql(tables);
    let create = ["role", "create", "--revoke-public"];
    db.tenantctl(create).run().expect_code(0);
}

fn apply(db: &Db, code: i32) -> Outcome {
    let run = db.tenantctl(["apply", "--yes", "--constraints"]).run();
    run.expect_code(code)
}

fn fixed(db: &Db) -> Outcome {
    let run = db.tenantctl(["plan", "--check", "--constraints"]).run();
    run.expect_code(0)
}

/// Columns that may be null, and constraints of ours, as lines.
const STATE: &str = "select string_agg(line, e'\\n' order by line) from (
    select format('%s nullable', a.attrelid::regclass) line from pg_attribute a
        join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
        where a.attname = 'organization_id' and not a.attnotnull and c.relnamespace = 'public'::regnamespace
    union all select format('%s %s %s', k.conrelid::regclass, k.convalidated, pg_get_constraintdef(k.oid))
        from pg_constraint k join pg_description d on d.objoid = k.oid and d.classoid = 'pg_constraint'::regclass) s";

#[test]
fn every_key_is_never_null_and_names_an_organization() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop(&db, TABLES);
        let before = db.dump(true);
        let run = apply(&db, 0);
        for table in ["events", "base", "other_type"] {
            let line = format!("left alone: public.{table}: ");
            assert!(run.stdout.contains(&line), "{}", run.stdout);
        }
        let reference =
            "FOREIGN KEY (organization_id) REFERENCES organizations(id) ON DELETE CASCADE";
        let mut expected = vec!["by_domain nullable".to_owned()];
        for nullable in ["events", "events_1"] {
            expected.push(format!("{nullable} nullable"));
        }
        for table in [
            "\"Odd \"\"Täble'\"",
            "by_key",
            "orders_keyed",
            "taken",
            "\"äääääääääääääääääääääääääääääää\"",
        ] {
            expected.push(format!("{table} t {reference}"));
        }
        expected.sort();
        let found = db.value(STATE);
        let mut found: Vec<&str> = found.lines().collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        fixed(&db);
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert_eq!(db.dump(true), before);
    });
}

#[test]
fn rows_that_break_it_are_counted_and_left_and_the_rest_goes_on() {
    let db = Db::new();
    shop(
        &db,
        "create table a (id int, organization_id uuid);
         create table b (id int, organization_id uuid);
         create table c (id int, organization_id uuid);",
    );
    db.sql(&format!(
        "insert into a values (1, null), (2, null), (3, '{A}');
         insert into b values (1, '{ORPHAN}'), (2, '{B}');"
    ));
    let run = apply(&db, 3);
    for part in [
        "2 rows break it",
        "1 row breaks it",
        "SELECT * FROM public.a WHERE organization_id IS NULL",
        "not-null:public.a:validate was not made",
    ] {
        let words = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(part), "{part}: {}", run.stdout);
    }
    assert_eq!(db.value("select count(*) from a"), "3");
    let state = db.value(STATE);
    assert!(
        state.contains("a nullable") && !state.contains("c nullable"),
        "{state}"
    );
    // New rows are held to it already.
    let refused = db.try_sql("insert into a values (4, null)").unwrap_err();
    assert_eq!(refused.code, "23514");
    db.sql(&format!(
        "update a set organization_id = '{A}' where organization_id is null;
         delete from b where organization_id = '{ORPHAN}'"
    ));
    apply(&db, 0);
    fixed(&db);
    let state = db.value(STATE);
    assert!(!state.contains("nullable"), "{state}");
}

/// Killed before each statement once; a second run ends where an undisturbed one does.
#[test]
fn a_run_that_was_killed_between_the_stages_goes_on_from_there() {
    let undisturbed = Db::new();
    shop(
        &undisturbed,
        "create table a (id int, organization_id uuid)",
    );
    apply(&undisturbed, 0);
    for stage in [
        "IS NOT NULL) NOT VALID",
        "VALIDATE CONSTRAINT a_organization_id_tenantctl",
        "SET NOT NULL",
        "ON DELETE CASCADE NOT VALID",
        "VALIDATE CONSTRAINT a_organization_id_fkey",
    ] {
        let db = Db::new();
        shop(&db, "create table a (id int, organization_id uuid)");
        db.tenantctl(["apply", "--yes"]).run().expect_code(0);
        db.killed_at(stage, "public.a", &["apply", "--yes", "--constraints"]);
        apply(&db, 0);
        fixed(&db);
        let found = db.value(STATE);
        assert_eq!(found, undisturbed.value(STATE), "{stage}");
        // Marks as well, apart from those of the first run's plan, which wanted no constraints.
        assert_eq!(
            db.dump_of_any_plan(),
            undisturbed.dump_of_any_plan(),
            "{stage}"
        );
    }
}

#[test]
fn what_only_the_team_can_decide_is_proposed_and_works() {
    let db = Db::new();
    shop(
        &db,
        "create table \"Lines\" (id uuid primary key, order_id uuid references orders on delete cascade,
             organization_id uuid not null references organizations, email text unique,
             token uuid unique, nr serial unique);
         create table pinned (order_id uuid, keyed uuid, organization_id uuid not null references organizations,
             slug text, unique (organization_id, slug),
             foreign key (keyed, organization_id) references orders_keyed (id, organization_id));
         create unique index lines_lower on \"Lines\" (lower(email));",
    );
    let plan = || {
        let run = db
            .tenantctl(["plan", "--constraints", "--format", "json"])
            .run();
        run.expect_code(0).json()
    };
    let found = plan()["proposals"].as_array().unwrap().clone();
    let ids: Vec<&str> = found
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "composite-reference:public.\"Lines\":\"Lines_order_id_fkey\"",
            "tenant-unique:public.\"Lines\":\"Lines_email_key\"",
        ]
    );
    for format in ["table", "sql", "markdown"] {
        let run = db
            .tenantctl(["plan", "--constraints", "--format", format])
            .run();
        let text = run.expect_code(0).stdout;
        assert!(ids.iter().all(|id| text.contains(id)), "{text}");
    }
    let plain = db.tenantctl(["plan", "--format", "json"]).run().json();
    assert_eq!(plain["proposals"], serde_json::json!([]));
    let session = db.session();
    for statement in found
        .iter()
        .flat_map(|row| row["statements"].as_array().unwrap())
    {
        session.sql(statement.as_str().unwrap());
    }
    assert_eq!(plan()["proposals"], serde_json::json!([]));
    // What was proposed is the team's own, and not undone.
    apply(&db, 0);
    fixed(&db);
    db.tenantctl(["revert", "--yes"]).run().expect_code(0);
    let left =
        "select count(*) from pg_constraint where conname = 'Lines_organization_id_order_id_fkey'";
    assert_eq!(db.value(left), "1");
}

#[test]
fn an_owner_without_references_is_told_before_the_first_change() {
    let db = Db::new();
    shop(
        &db,
        "create table a (id int, organization_id uuid not null)",
    );
    let owner = db.role("owner");
    db.sql(&format!(
        "drop table orders_keyed;
         create role {owner} login password 'x';
         alter table a owner to {owner}"
    ));
    db.tenantctl(["apply", "--yes", "--accept-lockout", &owner])
        .run()
        .expect_code(0);
    let url = db.url_as(&owner, "x");
    let run = || {
        let run = db.tenantctl(["apply", "--yes", "--constraints", "--no-indexes"]);
        run.args(["--database-url", &url])
    };
    run().run().expect_code(3).says(&[
        "public.organizations: REFERENCES is needed",
        &format!("GRANT REFERENCES ON public.organizations TO {owner}"),
    ]);
    db.sql(&format!("grant references on organizations to {owner}"));
    run().run().expect_code(0);
}

/// Under FORCE the owner sees no row, and the server would call any foreign key valid.
#[test]
fn an_owner_whom_policies_bind_validates_nothing() {
    for_each_version(|server| {
        let db = Db::on(server);
        shop(
            &db,
            "create table a (id int, organization_id uuid not null)",
        );
        db.sql(&format!("insert into a values (1, '{ORPHAN}')"));
        let owner = db.role("owner");
        db.sql(&format!(
            "create role {owner} login password 'x';
             alter table a owner to {owner}; alter table orders owner to {owner};
             alter table orders_keyed owner to {owner}; alter table organizations owner to {owner}"
        ));
        let url = db.url_as(&owner, "x");
        let by_owner = |args: &[&str], code| {
            let run = db.tenantctl(args).args(["--database-url", &url]);
            run.run().expect_code(code)
        };
        let options = ["--constraints", "--no-indexes"];
        let asked = ["apply", "--yes", "--accept-lockout", &owner];
        let run = by_owner(&[&asked[..], &options].concat(), 0);
        for part in [
            "foreign key a_organization_id_fkey holds for new rows",
            "BYPASSRLS",
        ] {
            assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
        }
        by_owner(&[&["plan", "--check"], &options[..]].concat(), 0);
        let valid =
            "select convalidated from pg_constraint where conname = 'a_organization_id_fkey'";
        assert_eq!(db.value(valid), "f");
        // Whoever runs the script as the owner is not fooled either.
        let script = db
            .tenantctl(["plan", "--constraints", "--format", "sql"])
            .run();
        assert!(
            script.stdout.contains("SET LOCAL row_security = off"),
            "{}",
            script.stdout
        );
        let run = apply(&db, 3);
        let words = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("1 row breaks it"), "{words}");
        assert_eq!(db.value(valid), "f");
        db.sql(&format!("delete from a where organization_id = '{ORPHAN}'"));
        apply(&db, 0);
        assert_eq!(db.value(valid), "t");
    });
}
