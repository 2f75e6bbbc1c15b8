//! `org`: one row of the registry, once, whatever the name holds and however many ask at a time.

use crate::support::shop::{A, PASSWORD};
use crate::support::{Db, Outcome};

fn shop() -> Db {
    let db = Db::new();
    db.shop();
    db
}

/// Fails to create one, and leaves the registry as it was (faults I02 and I03).
#[track_caller]
fn refused(db: &Db, args: &[&str], code: i32, says: &[&str]) {
    let rows = "select string_agg(o::text, ',' order by id) from public.organizations o";
    let before = db.value(rows);
    let run = db.tenantctl(["org", "create"].iter().chain(args)).run();
    assert_eq!(run.expect_code(code).says(says).stdout, "");
    assert_eq!(db.value(rows), before);
}

#[test]
fn an_organization_is_created_once() {
    let db = shop();
    let create = [
        "org",
        "create",
        "Große & Söhne",
        "--if-not-exists",
        "--format",
        "json",
    ];
    // This registry has no default for its id, so that it is chosen here.
    let first = db.tenantctl(create).run().expect_code(0).json();
    assert_eq!(first["slug"], "grosse-sohne");
    assert_eq!(first["created"], true);
    let again = db.tenantctl(create).run().expect_code(0).json();
    assert_eq!(again["created"], false);
    assert_eq!(again["id"], first["id"]);
    let stored = db.value("select id from public.organizations where name = 'Große & Söhne'");
    assert_eq!(first["id"], stored);
}

#[test]
fn what_is_no_name_or_slug_is_refused() {
    let db = shop();
    let long = "x".repeat(100_000);
    refused(&db, &[""], 2, &["the name is empty"]);
    refused(&db, &[&long], 2, &["the name has 100000 characters"]);
    refused(&db, &["a\u{202e}b"], 2, &["name", "\\u{202e}"]);
    refused(
        &db,
        &["שלום"],
        2,
        &["no slug can be made of this name", "--slug"],
    );
    for slug in ["", "o'r", "1; drop", "e\u{301}", "שלום", &long] {
        refused(&db, &["x", "--slug", slug], 2, &["--slug", "slug"]);
    }
}

#[test]
fn a_name_is_a_value_and_never_sql() {
    let db = shop();
    let name = "Robert'); drop table public.orders; --\\";
    let create = ["org", "create", name, "--format", "id"];
    let run = db.tenantctl(create).run().expect_code(0);
    let id = run.stdout.trim();
    let stored = db.value(&format!(
        "select name from public.organizations where id = '{id}'"
    ));
    assert_eq!(stored, name);
    assert_eq!(db.value("select count(*) from public.orders"), "2");
}

#[test]
fn a_duplicate_names_the_one_that_exists() {
    let db = shop();
    refused(&db, &["Alpha"], 1, &["exists", A]);
    // The slug of one with the id of another is not the same organization.
    let other = "cccccccc-0000-4000-8000-000000000003";
    refused(
        &db,
        &["Alpha", "--id", other, "--if-not-exists"],
        1,
        &["exists", A],
    );
}

#[track_caller]
fn all_at_once(db: &Db, args: &[&str]) -> Vec<Outcome> {
    let start = || db.tenantctl(["org", "create"].iter().chain(args)).start();
    let running: Vec<_> = (0..6).map(|_| start()).collect();
    running.into_iter().map(|one| one.wait()).collect()
}

#[test]
fn of_many_at_once_one_creates() {
    for unique in [true, false] {
        let db = shop();
        if !unique {
            db.sql("alter table public.organizations drop constraint organizations_slug_key");
        }
        let codes: Vec<_> = all_at_once(&db, &["Gamma"])
            .iter()
            .map(|run| run.code)
            .collect();
        assert_eq!(
            codes.iter().filter(|code| **code == Some(0)).count(),
            1,
            "{codes:?}"
        );
        assert_eq!(
            codes.iter().filter(|code| **code == Some(1)).count(),
            5,
            "{codes:?}"
        );
        let runs = all_at_once(&db, &["Delta", "--if-not-exists", "--format", "json"]);
        let created = |run: &Outcome| run.json()["created"] == true;
        assert_eq!(runs.iter().filter(|run| created(run)).count(), 1);
        let count = "select count(*) from public.organizations where slug in ('gamma', 'delta')";
        assert_eq!(db.value(count), "2");
    }
}

#[test]
fn columns_are_checked_by_name_and_value() {
    let db = shop();
    db.sql(
        "alter table public.organizations add seats int not null default 1, add region text,
             add twice int generated always as (seats * 2) stored;
         update public.organizations set region = 'eu';
         alter table public.organizations alter region set not null",
    );
    refused(
        &db,
        &["x"],
        2,
        &["required column missing: region", "--set region="],
    );
    let x = |set: &'static str| ["x", "--set", "region=eu", "--set", set];
    refused(
        &db,
        &x("seat=1"),
        2,
        &["no column seat", "did you mean seats?"],
    );
    refused(
        &db,
        &x("seats=many"),
        2,
        &["--set seats", "invalid input syntax"],
    );
    refused(&db, &x("twice=4"), 2, &["--set twice"]);
    refused(&db, &x("id=4"), 2, &["--id"]);
    refused(&db, &["x", "--id", "4"], 2, &["not a uuid"]);
    let create = [
        "org",
        "create",
        "x",
        "--set",
        "region=a=b",
        "--set",
        "seats=7",
    ];
    db.tenantctl(create).run().expect_code(0);
    let stored = db.value("select region || seats from public.organizations where slug = 'x'");
    assert_eq!(stored, "a=b7");
}

/// The registry as a plain role owns it on a managed service: under its own policies.
#[test]
fn an_owner_under_row_security_creates_but_cannot_know_others() {
    let db = Db::new();
    db.isolated_shop();
    let owner = db.role("owner");
    db.sql(&format!(
        "create role {owner} login password '{PASSWORD}';
         grant usage on schema public to {owner};
         alter table public.organizations owner to {owner};
         alter policy organizations_org_isolation on public.organizations to {owner}"
    ));
    let url = db.url_as(&owner, PASSWORD);
    let run = |args: &[&str]| db.tenantctl(args).env("TENANTCTL_DATABASE_URL", &url).run();
    let made = run(&["org", "create", "Gamma", "--format", "json"])
        .expect_code(0)
        .json();
    assert_eq!(made["slug"], "gamma");
    run(&["org", "create", "Alpha"])
        .expect_code(1)
        .says(&["exists"]);
    let again = run(&["org", "create", "Alpha", "--if-not-exists"]).expect_code(3);
    again.says(&["exists", "row security hides it"]);
    run(&["org", "list"])
        .expect_code(0)
        .says(&["row security applies", "only what its policies show"]);
    assert_eq!(
        run(&["org", "list", "--format", "json"]).json()["filtered"],
        true
    );
    db.sql("alter table public.organizations drop constraint organizations_slug_key");
    run(&["org", "create", "Alpha"])
        .expect_code(3)
        .says(&["cannot tell whether"]);
    assert_eq!(
        db.value("select count(*) from public.organizations where slug = 'alpha'"),
        "1"
    );
}

#[test]
fn pages_hold_every_organization_once() {
    let db = shop();
    // Names that repeat, and one that is null, must not be lost between pages.
    db.sql(
        "alter table public.organizations alter name drop not null;
         insert into public.organizations
         select gen_random_uuid(), case when n % 5 = 0 then null else 'Org ' || n % 3 end, 's' || n
         from generate_series(1, 23) n",
    );
    for sort in ["name", "id"] {
        let (mut after, mut seen) = (None::<String>, Vec::new());
        loop {
            let mut args = vec![
                "org", "list", "--limit", "4", "--sort", sort, "--format", "json",
            ];
            args.extend(after.iter().flat_map(|id| ["--after", id.as_str()]));
            let page = db.tenantctl(args).run().expect_code(0).json();
            assert_eq!(page["total"], 25);
            let ids = page["organizations"].as_array().unwrap().iter();
            seen.extend(ids.map(|one| one["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen.len(), 25, "sorted by {sort}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 25, "sorted by {sort}");
    }
    let found = db
        .tenantctl(["org", "list", "--filter", "ALPH", "--format", "json"])
        .run();
    assert_eq!(found.json()["organizations"][0]["id"], A);
    assert_eq!(found.json()["total"], 1);
}

#[test]
fn rows_are_counted_through_parents_and_partitions() {
    let db = shop();
    db.sql(&format!(
        "create table public.lines (
             id int generated always as identity, order_id uuid not null references public.orders);
         insert into public.lines (order_id) select id from public.orders;
         insert into public.lines (order_id) select id from public.orders where organization_id = '{A}';
         create table public.log (organization_id uuid, n int) partition by list (n);
         create table public.log_1 partition of public.log for values in (1);
         insert into public.log values ('{A}', 1)"
    ));
    let toml = db.read("tenantctl.toml")
        + "\n[tables.via]\n\"public.lines\" = \"order_id -> public.orders.id\"\n";
    db.config(&toml);
    let show = db
        .tenantctl(["org", "show", "alpha", "--counts", "--format", "json"])
        .run();
    let rows = &show.expect_code(0).json()["organization"]["rows"];
    assert_eq!(rows["public.orders"], 1);
    assert_eq!(rows["public.lines"], 2);
    assert_eq!(rows["public.log"], 1);
    assert!(
        rows.get("public.log_1").is_none(),
        "a partition is counted with its parent: {rows}"
    );
    let list = db
        .tenantctl(["org", "list", "--counts"])
        .run()
        .expect_code(0);
    insta::assert_snapshot!(list.redacted(&list.stdout), @r"
    ─────────────────────────────────────────────────────────────
     id                                     name    slug    rows
    ─────────────────────────────────────────────────────────────
     aaaaaaaa-0000-4000-8000-000000000001   Alpha   alpha      4
     bbbbbbbb-0000-4000-8000-000000000002   Beta    beta       2
    ─────────────────────────────────────────────────────────────

    ──────────────────────
     table           rows
    ──────────────────────
     public.lines       3
     public.log         1
     public.orders      2
     total              6
    ──────────────────────
    2 organizations
    ");
    db.tenantctl(["org", "show", "nobody"])
        .run()
        .expect_code(1)
        .says(&["no organization nobody"]);
}
