//! A configuration that is wrong: exit code 2 before anything connects, and a message that says
//! where and what (faults I04 and I05).

use std::os::unix::fs::symlink;

use crate::support::shop::config;
use crate::support::{Db, Outcome, World};

/// Audits with this configuration; nothing listens, so connecting would be exit code 3.
#[track_caller]
fn refused(world: &World, toml: impl AsRef<[u8]>) -> Outcome {
    world.file("tenantctl.toml", toml);
    refused_as_it_is(world)
}

#[track_caller]
fn refused_as_it_is(world: &World) -> Outcome {
    let nowhere = "postgresql://admin:hunter2@127.0.0.1:1/shop";
    let run = world.tenantctl(["audit", "--database-url", nowhere]).run();
    let run = run.expect_code(2);
    assert_eq!(run.stdout, "");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    run
}

#[test]
fn malformed_toml_names_the_line() {
    let run = refused(
        &World::new(),
        "[tenancy]\nkey = \"k\"\ncontext = app.tenant\n",
    );
    insta::assert_snapshot!(run.text(), @r"
    exit 2
    --- stderr
    tenantctl: tenantctl.toml: line 3: string values must be quoted, expected literal string
    ");
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let world = World::new();
    let run = refused(&world, config("app").replace("context", "contxt"));
    insta::assert_snapshot!(run.text(), @r"
    exit 2
    --- stderr
    tenantctl: tenantctl.toml: line 4: unknown key `contxt`; did you mean `context`?
    ");
    let run = refused(&world, config("app") + "\n[polcy]\nguard = true\n");
    insta::assert_snapshot!(run.text(), @r"
    exit 2
    --- stderr
    tenantctl: tenantctl.toml: line 14: unknown key `polcy`; did you mean `policy`?
    ");
}

#[test]
fn a_wrong_type_names_the_line() {
    let run = refused(
        &World::new(),
        config("app").replace("[\"public\"]", "\"public\""),
    );
    insta::assert_snapshot!(run.text(), @r#"
    exit 2
    --- stderr
    tenantctl: tenantctl.toml: line 8: invalid type: string "public", expected a sequence
    "#);
}

#[test]
fn a_missing_key_is_named() {
    let run = refused(&World::new(), "[tenancy]\nkey = \"k\"\n");
    insta::assert_snapshot!(run.text(), @r"
    exit 2
    --- stderr
    tenantctl: tenantctl.toml: [tenancy] context is not set
    ");
}

#[test]
fn no_configuration_says_how_to_get_one() {
    let run = refused_as_it_is(&World::new());
    insta::assert_snapshot!(run.text(), @r"
    exit 2
    --- stderr
    tenantctl: [tenancy] key is not set, and there is no tenantctl.toml here: run `tenantctl init` to write one, or name it with --config
    ");
}

#[test]
fn what_is_no_readable_file_is_refused() {
    let world = World::new();
    std::fs::create_dir(world.dir().join("folder")).unwrap();
    symlink("loop", world.dir().join("loop")).unwrap();
    world.file("bytes", b"[tenancy]\nkey = \"\xe9\"\n");
    world.file("huge", vec![b'#'; 5 * 1024 * 1024]);
    for (name, why) in [
        ("folder", "is not a file"),
        ("loop", "symbolic links"),
        ("missing.toml", "No such file"),
        ("bytes", "line 2: not UTF-8"),
        ("huge", "line 1: 5242880 bytes"),
        ("/dev/zero", "is not a file"),
    ] {
        let run = world.tenantctl(["audit", "--config", name]).run();
        run.expect_code(2).says(&[name, why]);
        let by_variable = world.tenantctl(["audit"]).env("TENANTCTL_CONFIG", name);
        by_variable.run().expect_code(2).says(&[name, why]);
    }
}

/// Fault I05: a value that is not a name is refused, not quoted into something surprising.
#[test]
fn values_that_are_sql_are_refused_before_connecting() {
    let world = World::new();
    let with = |key: &str, value: &str| {
        let lines = config("app");
        let lines = lines.lines().map(|line| match line.split_once(" = ") {
            Some((found, _)) if found == key => format!("{key} = {value}"),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    for (key, value) in [
        ("context", "\"app.x; drop table orders\""),
        ("context", "\"app.x', true); --\""),
        ("registry", "\"organizations\""),
        ("key", "\"\""),
        ("schemas", "[]"),
        ("key", "\"\\u0000\""),
    ] {
        refused(&world, with(key, value)).says(&[&format!("[tenancy] {key}")]);
    }
    let long = format!("\"{}\"", "x".repeat(64));
    refused(&world, with("key", &long)).says(&["[tenancy] key", "64 bytes"]);
}

/// A column may be called that; then it is quoted, and nothing runs.
#[test]
fn a_name_that_looks_like_sql_is_only_a_name() {
    let db = Db::new();
    db.isolated_shop();
    let toml = config(&db.role("app")).replace("\"organization_id\"", "'id) or (true'");
    db.config(&toml);
    let run = db.tenantctl(["audit"]).run().expect_code(2);
    run.says(&["id) or (true"]);
    assert_eq!(db.value("select count(*) from public.orders"), "2");
}

#[test]
fn what_is_named_and_not_in_the_database_is_a_mistake_in_the_configuration() {
    let db = Db::new();
    db.isolated_shop();
    let app = db.role("app");
    let refused = |toml: String| {
        db.config(&toml);
        let run = db.tenantctl(["audit"]).run().expect_code(2);
        assert_eq!(run.stdout, "");
        run.text()
    };
    let toml = config(&app);
    insta::assert_snapshot!(refused(toml.replace("[\"public\"]", "[\"pubic\"]")), @r"
    exit 2
    --- stderr
    tenantctl: schema pubic does not exist in database db_NNNN; did you mean public?
    ");
    insta::assert_snapshot!(refused(toml.replace("public.organizations", "public.organisations")), @r"
    exit 2
    --- stderr
    tenantctl: [tenancy] registry: table public.organisations does not exist in database db_NNNN; did you mean public.organizations?
    ");
    insta::assert_snapshot!(refused(toml.replace("organization_id", "org_id")), @r"
    exit 2
    --- stderr
    tenantctl: no table in schemas public has the tenant key org_id: nothing to look at; check [tenancy] key and schemas
    ");
    let via = "\n[tables.via]\n\"public.orders\" = \"customer_id -> public.customers.id\"\n";
    insta::assert_snapshot!(refused(toml + via), @r#"
    exit 2
    --- stderr
    tenantctl: [tables.via] "public.orders": table public.orders has no column customer_id
    "#);
}
