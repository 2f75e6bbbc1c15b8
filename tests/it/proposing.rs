//! `init`: what it proposes, and that it never takes a file away.

use crate::support::{Db, Outcome};

#[track_caller]
fn proposed(db: &Db) -> toml::Table {
    let run: Outcome = db.tenantctl(["init", "--stdout"]).run().expect_code(0);
    toml::from_str(&run.stdout).unwrap_or_else(|why| panic!("{why}\n{}", run.stdout))
}

#[test]
fn a_system_with_policies_is_read_off() {
    let db = Db::new();
    db.isolated_shop();
    let expected: toml::Table = toml::from_str(&db.read("tenantctl.toml")).unwrap();
    let found = proposed(&db);
    assert_eq!(found["tenancy"], expected["tenancy"]);
    assert_eq!(found["registry"], expected["registry"]);
    assert_eq!(
        found["policy"]["name"].as_str(),
        Some("{table}_org_isolation")
    );
}

#[test]
fn people_and_parents_are_not_the_tenant() {
    let db = Db::new();
    db.sql(
        "create table users (id uuid primary key, email text);
         create table organizations (id uuid primary key, created_by uuid not null references users, title text, handle text unique);
         create table members (org_id uuid not null references organizations, user_id uuid not null references users);
         create table projects (id uuid primary key, org_id uuid not null references organizations, user_id uuid references users);
         create table tasks (id uuid primary key, project_id uuid not null references projects, user_id uuid references users);
         create table notes (id uuid primary key, project_id uuid not null references projects, user_id uuid references users);
         create table boards (id uuid primary key, project_id uuid not null references projects, user_id uuid references users);
         create table invitations (id uuid, organization uuid not null references organizations);
         create table transfers (from_org uuid references organizations, to_org uuid references organizations);
         create table countries (code text primary key);
         create table addresses (org_id uuid not null references organizations, country text references countries);
         create table history (at timestamptz, row jsonb);
         create table schema_migrations (version text)",
    );
    let found = proposed(&db);
    assert_eq!(found["tenancy"]["key"].as_str(), Some("org_id"));
    assert_eq!(
        found["tenancy"]["registry"].as_str(),
        Some("public.organizations")
    );
    assert_eq!(found["registry"]["slug"].as_str(), Some("handle"));
    let tables = &found["tables"];
    let shared: Vec<_> = tables["shared"].as_array().unwrap().iter().collect();
    assert_eq!(
        shared,
        [&toml::Value::from("public.countries")],
        "neither people nor a history"
    );
    assert_eq!(
        tables["key"]["public.invitations"].as_str(),
        Some("organization")
    );
    assert_eq!(tables["via"].as_table().unwrap().len(), 3);
    assert_eq!(
        tables["via"]["public.tasks"].as_str(),
        Some("project_id -> public.projects.id")
    );
    let text = db.tenantctl(["init", "--stdout"]).run().stdout;
    for unclear in ["public.users", "public.transfers", "public.history"] {
        assert!(text.contains(&format!("#   {unclear}: ")), "{text}");
    }
    assert!(!text.contains("schema_migrations"), "{text}");
}

#[test]
fn any_name_comes_back_as_it_is() {
    let db = Db::new();
    let schema = "My \"Shop\\.x";
    db.sql(
        "create schema \"My \"\"Shop\\.x\"; set search_path = \"My \"\"Shop\\.x\";
         create table \"Ten.ants\" (\"I\nd\" bigint primary key, name text);
         create table \"größe\u{202e}\" (id int primary key, \"tenantId\" bigint not null references \"Ten.ants\");
         create table \"a = 'x'\nkey\" (g int not null references \"größe\u{202e}\")",
    );
    let found = proposed(&db);
    assert_eq!(
        found["tenancy"]["registry"].as_str(),
        Some(&*format!("{schema}.Ten.ants"))
    );
    assert_eq!(found["tenancy"]["registry_id"].as_str(), Some("I\nd"));
    assert_eq!(found["tenancy"]["key_type"].as_str(), Some("bigint"));
    let child = format!("{schema}.a = 'x'\nkey");
    let step = format!("g -> {schema}.größe\u{202e}.id");
    assert_eq!(found["tables"]["via"][&child].as_str(), Some(&*step));
}

#[test]
fn a_file_that_is_there_stays() {
    let db = Db::new();
    db.isolated_shop();
    let before = db.read("tenantctl.toml");
    db.tenantctl(["init"])
        .run()
        .expect_code(2)
        .says(&["exists already", "--force"]);
    assert_eq!(db.read("tenantctl.toml"), before);
    db.tenantctl(["init", "--force"]).run().expect_code(0);
    assert_ne!(db.read("tenantctl.toml"), before);
    // What it wrote is what every other command reads.
    db.tenantctl(["org", "list"]).run().expect_code(0);
    let left: Vec<_> = std::fs::read_dir(db.dir())
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    assert_eq!(left, ["tenantctl.toml"]);
}

#[test]
fn where_nothing_convinces_it_says_what_to_give() {
    let db = Db::new();
    db.tenantctl(["init"])
        .run()
        .expect_code(2)
        .says(&["there are no tables"]);
    db.sql("create table public.a (id int primary key, n text); create table public.b (id int, a_ref int)");
    let run = db.tenantctl(["init"]).run().expect_code(2);
    run.says(&[
        "--key COLUMN",
        "--registry schema.table",
        "2 tables looked at",
    ]);
    let told = [
        "init",
        "--stdout",
        "--key",
        "a_ref",
        "--registry",
        "public.a",
    ];
    let told = db.tenantctl(told).run().expect_code(0);
    assert!(told.stdout.contains("key = \"a_ref\""), "{}", told.stdout);
    db.tenantctl(["init", "--key", "nope"])
        .run()
        .expect_code(2)
        .says(&["no table", "nope"]);
    db.tenantctl(["init", "--schema", "nope"])
        .run()
        .expect_code(2)
        .says(&["schema nope"]);
    assert!(!db.dir().join("tenantctl.toml").exists());
}
