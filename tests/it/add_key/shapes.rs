//! Odd names, partitions, domains, and the way back from them.

use std::sync::Arc;

use crate::support::shop::config;
use crate::support::{Db, Server, for_each_version};

/// The quoted name that `tenantctl.toml` and `--add-key` spell without quotes.
const ODD: &str = r#"
    create domain tenant as varchar(40);
    create domain checked as varchar(40) check (value <> '');
    create table "Odd ""Pårents'" ("The Id" text primary key, "Organization ""Id""" tenant);
    create table strict (code char(3) primary key, "Organization ""Id""" checked);
    insert into "Odd ""Pårents'" select i::text, 'o' || i % 3 from generate_series(1, 50) i;
    insert into strict select lpad(i::text, 3, '0'), 'o' || i % 3 from generate_series(1, 50) i;
    create table "täble ""with'' a very long name which leaves no room for suffix" (
        "pårent's" varchar(10), at date, note text) partition by range (at);
    create table part_1 partition of "täble ""with'' a very long name which leaves no room for suffix"
        for values from ('2024-01-01') to ('2025-01-01');
    create table part_2 partition of "täble ""with'' a very long name which leaves no room for suffix"
        for values from ('2025-01-01') to ('2026-01-01') partition by range (at);
    create table part_2a partition of part_2 default;
    insert into "täble ""with'' a very long name which leaves no room for suffix"
        select (1 + i % 50)::text, date '2024-01-01' + i % 700 from generate_series(1, 3000) i;
    create table heap (code char(3), id int);
    insert into heap select lpad((1 + i % 50)::text, 3, '0'), i from generate_series(1, 500) i;"#;

fn odd(server: &Arc<Server>) -> Db {
    let db = Db::on(server);
    db.shop();
    db.sql(ODD);
    let toml = config(&db.role("app"))
        .replace("\"organization_id\"", "'Organization \"Id\"'")
        .replace("\"uuid\"", "\"text\"");
    db.config(&format!("{toml}[tables]\nshared = [\"public.orders\"]\n"));
    let create = ["role", "create", "--revoke-public"];
    db.tenantctl(create).run().expect_code(0);
    db
}

const LONG: [&str; 4] = [
    "--add-key",
    "public.täble \"with'' a very long name which leaves no room for suffix",
    "--from",
    "pårent's -> public.Odd \"Pårents'.The Id",
];

#[test]
fn partitions_odd_names_domains_and_tables_without_a_primary_key() {
    for_each_version(|server| {
        let db = odd(server);
        let run = db
            .tenantctl(["apply", "--yes"])
            .args(LONG)
            .args(["--batch-size", "70"])
            .run();
        run.expect_code(0);
        db.tenantctl(["plan", "--check"])
            .args(LONG)
            .run()
            .expect_code(0);
        let wrong = r#"select count(*) from "täble ""with'' a very long name which leaves no room for suffix" t
            join "Odd ""Pårents'" p on p."The Id" = t."pårent's"
            where t."Organization ""Id""" is distinct from p."Organization ""Id""""#;
        assert_eq!(db.value(wrong), "0");
        let typed = "select string_agg(distinct format_type(atttypid, atttypmod), ' ') from pg_attribute
            where attname = 'Organization \"Id\"' and attnotnull and attrelid in ('part_1'::regclass, 'part_2'::regclass, 'part_2a'::regclass)";
        assert_eq!(db.value(typed), "tenant");
        let heap = [
            "--add-key",
            "public.heap",
            "--from",
            "code -> public.strict.code",
        ];
        let run = db.tenantctl(["plan"]).args(heap).run().expect_code(0);
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("rewrite"), "{said}");
        db.tenantctl(["apply", "--yes"])
            .args(heap)
            .args(["--batch-size", "1"])
            .run()
            .expect_code(0);
        db.tenantctl(["plan", "--check"])
            .args(heap)
            .run()
            .expect_code(0);
        let typed = "select format_type(atttypid, atttypmod) from pg_attribute
            where attname = 'Organization \"Id\"' and attrelid = 'heap'::regclass";
        assert_eq!(db.value(typed), "character varying");
    });
}

#[test]
fn revert_leaves_nothing_of_it() {
    for_each_version(|server| {
        let db = odd(server);
        let before = db.dump(true);
        for add in [
            LONG,
            [
                "--add-key",
                "public.heap",
                "--from",
                "code -> public.strict.code",
            ],
        ] {
            db.tenantctl(["apply", "--yes"])
                .args(add)
                .run()
                .expect_code(0);
        }
        let dry = db.tenantctl(["revert", "--dry-run"]).run().expect_code(0);
        let said = dry.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("its values go with it"), "{said}");
        db.tenantctl(["revert", "--yes"]).run().expect_code(0);
        assert!(db.dump(true) == before);
    });
}
