//! A database as `pg_dump` writes it: what must be the same before and after.

use std::process::{Command, Stdio};

use tenantctl::sandbox::{self, Wanted};

use super::Db;

impl Db {
    /// The database as text, its rows too unless only the schema is wanted; without what differs
    /// between two dumps of the same: versions, random keys, where sequences stand. `None` where no
    /// `pg_dump` reads this server's version.
    #[track_caller]
    pub(crate) fn dump(&self, schema_only: bool) -> Option<String> {
        let sandbox = &self.server().sandbox;
        let major = self.server().major();
        let found = sandbox::client("pg_dump", major, sandbox.bin_dir(), &Wanted::default());
        let program = match found {
            Ok(program) => program,
            Err(why) => {
                // Captured by the runner, and shown beside a failure.
                eprintln!("{} is not dumped: {why:#}", self.name());
                return None;
            }
        };
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .args(schema_only.then_some("--schema-only"))
            .args(["--no-password", "--dbname", &self.url()])
            .stdin(Stdio::null());
        let done = command.output().unwrap_or_else(|why| panic!("{why}"));
        assert!(
            done.status.success(),
            "pg_dump of {}: {}",
            self.name(),
            String::from_utf8_lossy(&done.stderr)
        );
        Some(normalised(&String::from_utf8_lossy(&done.stdout)))
    }
}

impl Db {
    /// Runs a script with psql, which stops at the first error; `false` where there is none.
    #[track_caller]
    pub(crate) fn script(&self, text: &str) -> bool {
        let sandbox = &self.server().sandbox;
        let major = self.server().major();
        let found = sandbox::client("psql", major, sandbox.bin_dir(), &Wanted::default());
        let Ok(psql) = found else {
            return false;
        };
        let file = self.file("plan.sql", text);
        let done = Command::new(psql)
            .args(["-X", "-q", "-d", &self.url(), "-f"])
            .arg(file)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|why| panic!("{why}"));
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        true
    }
}

fn normalised(dump: &str) -> String {
    const OUT: [&str; 5] = [
        r"\restrict ",
        r"\unrestrict ",
        "-- Dumped from database version ",
        "-- Dumped by pg_dump version ",
        "SELECT pg_catalog.setval(",
    ];
    let lines = dump.lines();
    let kept: Vec<&str> = lines
        .filter(|line| !OUT.iter().any(|start| line.starts_with(start)))
        .collect();
    kept.join("\n")
}

#[test]
fn two_dumps_of_the_same_are_the_same_and_a_change_is_seen() {
    let db = Db::new();
    db.sql("create table public.notes (id serial, what text)");
    let Some((schema, whole)) = db.dump(true).zip(db.dump(false)) else {
        return;
    };
    assert!(schema.contains("CREATE TABLE public.notes"), "{schema}");
    assert_eq!(schema.lines().find(|line| line.contains("setval")), None);
    db.sql("select nextval('public.notes_id_seq')");
    assert_eq!(db.dump(false).as_ref(), Some(&whole));
    db.sql("insert into public.notes values (1, 'new')");
    assert_eq!(db.dump(true).as_ref(), Some(&schema));
    assert!(db.dump(false).is_some_and(|now| now.contains("1\tnew")));
    db.sql("alter table public.notes enable row level security");
    assert_ne!(db.dump(true), Some(schema));
}
