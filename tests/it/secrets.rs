//! A password is seen by nobody who need not (faults C09 and O05): not in the server's log, not in
//! its views, not in what the program says.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use tenantctl::sandbox::Options;

use crate::support::{Db, Outcome, Server};

/// A server that logs every statement and every duration, as a careless administrator's does.
fn talkative() -> Arc<Server> {
    let settings = [
        ("log_statement", "all"),
        ("log_min_duration_statement", "0"),
        ("log_min_messages", "debug1"),
        ("log_parameter_max_length", "-1"),
    ];
    Server::own(Options {
        settings: settings.map(|(k, v)| (k.into(), v.into())).to_vec(),
        ..Options::default()
    })
}

fn shop() -> Db {
    let db = Db::on(&talkative());
    db.shop();
    let app = db.role("app");
    db.sql(&format!("drop owned by {app}; drop role {app}"));
    db
}

/// Neither stream nor the server's log has the password.
#[track_caller]
fn unseen(db: &Db, run: &Outcome, password: &str) {
    let log = db.server().sandbox.log();
    assert!(log.contains("audit_marker"), "the log is on:\n{log}");
    for (what, text) in [
        ("stdout", &run.stdout),
        ("stderr", &run.stderr),
        ("log", &log),
    ] {
        assert!(!text.contains(password), "{what}:\n{text}");
    }
    let shown = db.value("select coalesce(string_agg(query, ' '), '') from pg_stat_activity");
    assert!(!shown.contains(password));
}

const AWKWARD: &str = "p@ss/w:rd#100%?&='\"\\ ü日本";

#[test]
fn a_given_password_reaches_the_server_only_as_a_verifier() {
    let db = shop();
    let app = db.role("app");
    db.sql("select 'audit_marker'");
    let create = db.tenantctl(["role", "create", "--password-stdin"]);
    let run = create.stdin(AWKWARD).run().expect_code(0);
    unseen(&db, &run, AWKWARD);
    let own = "select current_user::text";
    assert_eq!(
        db.sql_as(&app, AWKWARD, own).unwrap()[0][0],
        Some(app.clone())
    );
    let stored = db.value(&format!(
        "select rolpassword from pg_authid where rolname = '{app}'"
    ));
    assert!(stored.starts_with("SCRAM-SHA-256$"), "{stored}");
    // A file may end with a line feed, which is not the password's.
    db.file("new", "another one, from a file\n");
    let rotate = db.tenantctl(["role", "rotate", "--password-file", "new"]);
    let run = rotate.run().expect_code(0);
    unseen(&db, &run, "another one");
    assert!(db.sql_as(&app, "another one, from a file", own).is_ok());
    assert_eq!(db.sql_as(&app, AWKWARD, own).unwrap_err().code, "28P01");
}

#[test]
fn a_generated_password_is_shown_once_or_written_to_a_private_file() {
    let db = shop();
    let app = db.role("app");
    db.sql("select 'audit_marker'");
    let run = db.tenantctl(["role", "create"]).run().expect_code(0);
    let logs_in = |password: &str| db.sql_as(&app, password, "select 1").is_ok();
    let said = format!("{} {}", run.stdout, run.stderr);
    let mut shown = said.split_whitespace().filter(|word| word.len() >= 16);
    let password = shown
        .find(|word| logs_in(word))
        .expect("a password that works");
    let log = db.server().sandbox.log();
    assert!(!log.contains(password));

    let args = ["role", "rotate", "--write-password", "secret"];
    let run = db.tenantctl(args).run().expect_code(0);
    let secret = db.read("secret");
    let secret = secret.trim_end();
    unseen(&db, &run, secret);
    assert!(logs_in(secret) && !logs_in(password));
    let mode = std::fs::metadata(db.dir().join("secret"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // An old secret is not overwritten by accident, and then the role keeps it.
    let run = db.tenantctl(args).run();
    assert_ne!(run.code, Some(0), "{}", run.text());
    assert_eq!(db.read("secret").trim_end(), secret);
    assert!(logs_in(secret));
}

/// An error in the statement that carries the verifier must not repeat it.
#[test]
fn a_refused_password_is_not_repeated() {
    let db = shop();
    let owner = db.role("owner");
    db.sql(&format!(
        "create role {owner} login password 'x'; select 'audit_marker'"
    ));
    let url = db.url_as(&owner, "x");
    let create = db.tenantctl(["role", "create", "--password-stdin", "--database-url", &url]);
    let run = create.stdin(AWKWARD).run().expect_code(3);
    let run = run.says(&["permission denied", "42501"]);
    unseen(&db, &run, AWKWARD);
    assert!(!run.stderr.contains("SCRAM-SHA-256$"), "{}", run.stderr);
    let roles = db.sql(&format!(
        "select from pg_roles where rolname = '{}'",
        db.role("app")
    ));
    assert!(roles.is_empty(), "nothing was made");
}

#[test]
fn a_password_is_no_argument() {
    let db = shop();
    for args in [
        ["role", "create", "--password=geheim"],
        ["role", "rotate", "--password=geheim"],
    ] {
        db.tenantctl(args).run().expect_code(2);
    }
}
