//! Where a report goes and what it looks like there (faults O01 to O05).

use std::fs::{self, File};
use std::process::Stdio;

use crate::support::shop::PASSWORD;
use crate::support::{Db, World};

const FORMATS: [&str; 2] = ["table", "json"];

fn open_shop() -> Db {
    let db = Db::new();
    db.shop();
    db
}

/// Fault O01: a reader that has seen enough is no failure, and the verdict stands.
#[test]
fn a_closed_stdout_keeps_the_verdict() {
    let db = open_shop();
    for (format, fail_on, code) in [("table", "info", 1), ("json", "info", 1)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let args = ["audit", "--format", format, "--fail-on", fail_on];
        let run = db.tenantctl(args).stdout(writer).run();
        assert_eq!(run.expect_code(code).stderr, "");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let isolated = Db::new();
    isolated.isolated_shop();
    isolated
        .tenantctl(["audit"])
        .stdout(writer)
        .run()
        .expect_code(0);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let help = World::new().tenantctl(["--help"]).stdout(writer).run();
    assert_eq!(help.expect_code(0).stderr, "");
}

/// Fault O02: a report that could not be written is not a verdict.
#[test]
fn a_full_disk_is_a_failure() {
    let db = open_shop();
    for format in FORMATS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = db
            .tenantctl(["audit", "--format", format])
            .stdout(full)
            .run();
        run.expect_code(3)
            .says(&["cannot write the report to stdout", "No space left"]);
        let args = ["audit", "--format", format, "--output", "/dev/full"];
        let run = db.tenantctl(args).run().expect_code(3);
        let run = run.says(&["cannot write the report to /dev/full", "No space left"]);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_report_in_a_file_is_the_one_on_stdout() {
    let db = open_shop();
    for format in FORMATS {
        let args = ["audit", "--format", format];
        let shown = db.tenantctl(args).run().expect_code(1).stdout;
        let run = db.tenantctl(args).args(["--output", "report"]).run();
        assert_eq!(run.expect_code(1).stdout, "");
        assert_eq!(db.read("report"), shown);
    }
    let left: Vec<_> = fs::read_dir(db.dir()).unwrap().collect();
    assert_eq!(
        left.len(),
        2,
        "only the configuration and the report: {left:?}"
    );
}

/// Fault O02: found out before the work, and the old report is untouched when the run fails.
#[test]
fn an_old_report_stays_until_the_new_one_is_whole() {
    let db = open_shop();
    db.file("report", "the old one");
    let args = ["audit", "--output", "report", "--database-url"];
    let nowhere = "postgresql://admin@127.0.0.1:1/shop";
    db.tenantctl(args).arg(nowhere).run().expect_code(3);
    assert_eq!(db.read("report"), "the old one");
    let left: Vec<_> = fs::read_dir(db.dir()).unwrap().collect();
    assert_eq!(left.len(), 2, "no half of a report: {left:?}");
    let run = db.tenantctl(["audit", "--output", "no/such/folder/report"]);
    run.run()
        .expect_code(3)
        .says(&["cannot write the report to no/such/folder/report"]);
}

/// Fault O03: no escape anywhere but on a terminal, unless asked for.
#[test]
fn colours_are_for_terminals() {
    let db = open_shop();
    let audit = || db.tenantctl(["audit"]);
    for plain in [
        audit(),
        audit().env("TERM", "xterm-256color"),
        audit().env("CI", "1"),
        audit().env("LANG", "C"),
        audit().env("NO_COLOR", "1"),
        audit().arg("--color=never").env("FORCE_COLOR", "1"),
    ] {
        let run = plain.run().expect_code(1);
        assert!(!run.stdout.contains('\x1b'), "{}", run.stdout);
        assert_eq!(run.stderr, "", "no progress where there is no terminal");
    }
    let run = audit().arg("--color=always").run().expect_code(1);
    assert!(run.stdout.contains("\x1b["), "{}", run.stdout);
}

/// Fault O04, through `script`, which gives the program a terminal of any width.
#[test]
fn a_narrow_terminal_loses_no_name() {
    let db = open_shop();
    for columns in [40, 1] {
        let inner = format!(
            "stty cols {columns} rows 24 && {} audit",
            env!("CARGO_BIN_EXE_tenantctl")
        );
        let script = std::process::Command::new("script")
            .args(["-qec", &inner, "/dev/null"])
            .current_dir(db.dir())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", db.dir())
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .env("TENANTCTL_DATABASE_URL", db.url())
            .stdin(Stdio::null())
            .output();
        let Ok(script) = script else {
            eprintln!("skipped: there is no program `script`");
            return;
        };
        let shown = String::from_utf8_lossy(&script.stdout).into_owned();
        assert_eq!(script.status.code(), Some(1), "{shown}");
        assert!(!shown.contains("panicked"), "{shown}");
        let letters: String = shown
            .chars()
            .filter(|c| c.is_alphanumeric() || "._".contains(*c))
            .collect();
        assert!(
            letters.contains("public.orders"),
            "{columns} columns:\n{shown}"
        );
    }
}

/// The same database gives the same bytes, and the same exit code in every format.
#[test]
fn a_report_is_reproducible() {
    let db = open_shop();
    for format in FORMATS {
        let run = || {
            db.tenantctl(["audit", "--format", format])
                .run()
                .expect_code(1)
        };
        assert_eq!(run().stdout, run().stdout, "{format}");
    }
}

/// Fault O05: whatever the run says, it is not a password.
#[test]
fn a_password_is_nowhere_in_what_is_said() {
    let db = Db::new();
    db.isolated_shop();
    let url = db.url_as(&db.role("app"), PASSWORD);
    for args in [
        &["audit", "-v"][..],
        &["audit", "-v", "--format", "json"],
        &["audit", "-v", "--help"],
    ] {
        for invocation in [
            db.tenantctl(args).env("TENANTCTL_DATABASE_URL", &url),
            db.tenantctl(args)
                .env("DATABASE_URL", &url)
                .without("TENANTCTL_DATABASE_URL"),
            db.tenantctl(args).args(["--database-url", &url]),
        ] {
            let run = invocation.run().expect_code(0);
            let encoded = PASSWORD.replace(' ', "%20");
            for stream in [&run.stdout, &run.stderr] {
                assert!(
                    !stream.contains(PASSWORD) && !stream.contains(&encoded),
                    "{stream}"
                );
            }
        }
    }
}
