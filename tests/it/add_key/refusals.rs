//! What is said before the first change, and what the server refuses.

use super::{WRONG, apply, blog, blog_on};
use crate::support::Db;
use crate::support::shop::config;

/// Tables beside posts and comments.
const TABLES: &str =
    "create table replies (id int primary key, comment_id bigint, other int, extra text,
         made bigint generated always as (other + 1) stored, post_id bigint);
     create table tags (id int, organization_id uuid); create table kid () inherits (tags);
     create table ruled (post_id bigint); create rule r as on update to ruled do instead nothing;
     create table base (post_id bigint); create table heir () inherits (base);
     create view looks as select 1 as post_id;
     create table parted (post_id bigint) partition by list (post_id);
     create table part partition of parted default;
     create table typed (post_id bigint, organization_id text);
     create function public.typo_organization_id_tenantctl_fill() returns trigger
         language plpgsql as 'begin return new; end';
     create table typo (post_id bigint);";

const POSTS: &str = "post_id -> public.posts.id";

/// Exit code, table, reference, and what is said.
const REFUSED: &[(i32, &str, &str, &[&str])] = &[
    (2, "public.nope", POSTS, &["nope does not exist"]),
    (2, "public.looks", POSTS, &["is a view"]),
    (
        2,
        "public.replies",
        "nope -> public.posts.id",
        &["has no column nope"],
    ),
    (
        2,
        "public.replies",
        "post_id -> public.posts.nope",
        &["no column of a table"],
    ),
    (
        2,
        "public.replies",
        "post_id = public.posts.id",
        &["not of the form"],
    ),
    (
        2,
        "public.replies",
        "post_id, other -> public.posts.id, other",
        &["several columns"],
    ),
    (
        2,
        "public.replies",
        "comment_id -> public.comments.id",
        &["no tenant table", "--add-key public.comments"],
    ),
    (2, "public.part", POSTS, &["partition of public.parted"]),
    (2, "public.heir", POSTS, &["inherits from public.base"]),
    (
        2,
        "public.organizations",
        "id -> public.posts.id",
        &["the registry itself"],
    ),
    (
        3,
        "public.replies",
        "made -> public.posts.id",
        &["generated"],
    ),
    (
        3,
        "public.replies",
        "extra -> public.posts.id",
        &["does not compare"],
    ),
    (
        3,
        "public.replies",
        "other -> public.tags.id",
        &["no unique index"],
    ),
    (3, "public.ruled", POSTS, &["a rule of public.ruled"]),
    (3, "public.base", POSTS, &["inherit"]),
    (3, "public.typed", POSTS, &["another type"]),
    (3, "public.typo", POSTS, &["not made by tenantctl"]),
];

#[test]
fn what_cannot_get_a_key_is_said_before_the_first_change() {
    let db = Db::new();
    blog_on(&db, 10, TABLES);
    let schema = db.dump(true);
    for (code, table, from, parts) in REFUSED {
        let run = db.tenantctl(["apply", "--yes", "--add-key", table, "--from", from]);
        run.run().expect_code(*code).says(parts);
    }
    assert!(db.dump(true) == schema);
}

#[test]
fn what_has_to_be_changed_first_is_said() {
    let db = blog(10);
    let app = db.role("app");
    let schema = db.dump(true);
    db.sql(&format!("revoke select on posts from {app}"));
    let grant = format!("GRANT SELECT (id, organization_id) ON public.posts TO {app}");
    apply(&db, &[]).run().expect_code(3).says(&[&grant]);
    db.sql(&format!("grant select on posts to {app}"));
    for (section, part) in [
        (
            "[tables.via]\n\"public.comments\" = \"post_id -> public.posts.id\"",
            "[tables.via]",
        ),
        ("[tables.key]\n\"public.comments\" = \"id\"", "[tables.key]"),
        ("[tables]\nshared = [\"public.comments\"]", "shared"),
    ] {
        db.config(&format!("{}{section}\n", config(&app)));
        let run = apply(&db, &[]).run().expect_code(2);
        run.says(&["change tenantctl.toml first", part]);
    }
    // Privileges are listed in the order in which they were granted.
    assert!(db.dump(true).map(|text| text.len()) == schema.map(|text| text.len()));
}

#[test]
fn whoever_does_not_see_every_row_does_not_fill_any() {
    let db = blog(10);
    let owner = db.role("owner");
    db.sql(&format!(
        "create role {owner} login password 'x'; grant all on schema public to {owner};
         grant select on all tables in schema public to {owner};
         alter table posts owner to {owner}; alter table comments owner to {owner}"
    ));
    let accepted = ["--accept-lockout", &owner];
    let all = db.tenantctl(["apply", "--yes"]).args(accepted);
    all.run().expect_code(0);
    let url = db.url_as(&owner, "x");
    let as_owner = || apply(&db, &["--database-url", &url]).args(accepted);
    as_owner()
        .run()
        .expect_code(3)
        .says(&["none was made", "public.posts", "BYPASSRLS"]);
    db.sql("alter table posts no force row level security");
    as_owner().run().expect_code(0);
    assert_eq!(db.value(WRONG), "0");
}

#[test]
fn an_event_trigger_that_refuses_is_reported() {
    let db = blog(10);
    db.sql(
        "create function no() returns event_trigger language plpgsql
             as 'begin if tg_tag = ''CREATE TRIGGER'' then raise exception ''schema is frozen''; end if; end';
         create event trigger frozen on ddl_command_start execute function no()",
    );
    apply(&db, &[])
        .run()
        .expect_code(3)
        .says(&["schema is frozen (SQLSTATE P0001)", "nothing was changed"]);
    db.sql("drop event trigger frozen; drop function no()");
    let column = "select count(*) from pg_attribute where attrelid = 'comments'::regclass and attname = 'organization_id'";
    assert_eq!(db.value(column), "0");
}
