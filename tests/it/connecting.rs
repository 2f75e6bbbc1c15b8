//! What keeps the program from a server: each its own message, exit code 3, and never a secret.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantctl::sandbox::Options;

use crate::support::shop::{self, PASSWORD};
use crate::support::{Db, Invocation, Outcome, Server, World};

const SECRET: &str = "hunter2-must-not-be-seen";

/// A port that nobody listens on: too low to be given to a test that asks for any free one.
const CLOSED: u16 = 1;

/// `audit` in a folder with a configuration, without any database behind it.
fn audit(world: &World, url: &str) -> Invocation {
    world.file("tenantctl.toml", shop::config("app"));
    world.tenantctl(["audit"]).env("DATABASE_URL", url)
}

/// A refusal says what was attempted, on what and why; nothing is on stdout, no secret anywhere.
#[track_caller]
fn refused(run: Outcome, parts: &[&str]) -> Outcome {
    let run = run.expect_code(3).says(&["cannot connect to"]).says(parts);
    assert_eq!(run.stdout, "", "a report without a verdict");
    assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    run
}

/// A server that listens on TCP as well, where nobody is trusted.
fn tcp_server(options: Options) -> Arc<Server> {
    Server::own(Options {
        tcp: true,
        ..options
    })
}

/// Fault C01.
#[test]
fn a_closed_port() {
    let world = World::new();
    let url = format!("postgresql://admin:{SECRET}@127.0.0.1:{CLOSED}/shop");
    let started = Instant::now();
    let run = refused(audit(&world, &url).run(), &["Connection refused"]);
    assert!(started.elapsed() < Duration::from_secs(5));
    insta::assert_snapshot!(run.stderr, @"tenantctl: cannot connect to database shop on 127.0.0.1:1 as admin: Connection refused (os error 111); no server listens there: start it, or check host and port");
}

/// Fault C02: `connect_timeout` covers the handshake as well.
#[test]
fn a_server_that_never_answers() {
    let world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgresql://admin:{SECRET}@127.0.0.1:{port}/shop?connect_timeout=2");
    let started = Instant::now();
    refused(audit(&world, &url).run(), &["timed out"]);
    assert!(started.elapsed() < Duration::from_secs(10));
}

/// Fault C03. What is said of a role that does not exist is the same: no guessing of names.
#[test]
fn a_wrong_password() {
    let db = Db::new();
    db.shop();
    let app = db.role("app");
    let wrong = |role: &str| {
        let url = db.url_as(role, SECRET);
        let run = db.tenantctl(["audit", "--database-url", &url]).run();
        let run = refused(run, &["password authentication failed", "28P01"]);
        run.stderr.replace(role, "ROLE")
    };
    assert_eq!(wrong(&app), wrong(&db.role("nobody")));
}

/// Fault C04.
#[test]
fn no_password_at_all() {
    let db = Db::new();
    db.shop();
    let url = db.url_as(&db.role("app"), "");
    let url = url.trim_end_matches("&password=");
    let run = db.tenantctl(["audit", "--database-url", url]).run();
    refused(run, &["password"]);
}

/// Fault C05.
#[test]
fn a_database_that_does_not_exist() {
    let db = Db::new();
    db.shop();
    let url = db.url().replace(db.name(), "no_such_database");
    let run = db.tenantctl(["audit", "--database-url", &url]).run();
    refused(
        run,
        &["database \"no_such_database\" does not exist", "3D000"],
    );
}

/// Fault C05.
#[test]
fn a_host_that_pg_hba_rejects() {
    let server = tcp_server(Options {
        hba: vec!["host all all 127.0.0.1/32 reject".into()],
        ..Options::default()
    });
    let world = World::new();
    let url = server.sandbox.tcp_url("postgres", SECRET, "postgres");
    let run = audit(&world, &url.unwrap()).run();
    refused(run, &["pg_hba.conf rejects connection", "28000"]);
}

/// Fault C06: no falling back to plain text.
#[test]
fn tls_is_demanded_and_not_offered() {
    let server = tcp_server(Options::default());
    let world = World::new();
    let url = server.sandbox.tcp_url("postgres", SECRET, "postgres");
    let url = format!("{}?sslmode=require", url.unwrap());
    refused(audit(&world, &url).run(), &["TLS"]);
    let log = server.sandbox.log();
    assert!(!log.contains("password authentication failed"), "{log}");
}

#[test]
fn a_server_that_was_stopped() {
    let server = tcp_server(Options::default());
    let world = World::new();
    let password = server.sandbox.superuser_password().unwrap().to_owned();
    let by_tcp = server.sandbox.tcp_url("postgres", &password, "postgres");
    let by_socket = server.sandbox.url("postgres");
    audit(&world, &by_socket)
        .run()
        .expect_code(2)
        .says(&["[tenancy] registry", "public.organizations"]);
    drop(server);
    let run = refused(
        audit(&world, &by_tcp.unwrap()).run(),
        &["Connection refused"],
    );
    assert!(!run.stderr.contains(&password));
    refused(audit(&world, &by_socket).run(), &["No such file"]);
}

/// Fault C09: by URL, by environment, by password file.
#[test]
fn a_password_with_every_awkward_character() {
    let password = "p@ss/w:rd#100%?&='\"\\ ü日本";
    let db = Db::new();
    db.isolated_shop();
    let app = db.role("app");
    let quoted = password.replace('\'', "''");
    db.sql(&format!(
        "set standard_conforming_strings = on; alter role {app} password '{quoted}'"
    ));
    let by_url = db.url_as(&app, password);
    let plain = db.url_as(&app, "");
    let plain = plain.trim_end_matches("&password=");
    let (socket, port) = (db.server().sandbox.socket_dir(), db.server().sandbox.port());
    let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
    let passfile = db.file(
        "pgpass",
        format!("{}:{port}:*:{app}:{escaped}\n", socket.display()),
    );
    private(&passfile);
    let audit = |url: &str| db.tenantctl(["audit", "--database-url", url]);
    for invocation in [
        audit(&by_url),
        audit(plain).env("PGPASSWORD", password),
        audit(plain).env("PGPASSFILE", &passfile.to_string_lossy()),
    ] {
        let run = invocation.run().expect_code(0);
        for stream in [&run.stdout, &run.stderr] {
            assert!(
                !stream.contains("p@ss") && !stream.contains("日本"),
                "{stream}"
            );
        }
    }
    let raw = format!("postgresql://{app}:{password}@127.0.0.1/shop");
    let run = audit(&raw).run();
    assert!(matches!(run.code, Some(2 | 3)), "{}", run.text());
    for part in ["p@ss", "w:rd", "100%", "日本"] {
        assert!(!run.stderr.contains(part), "{}", run.stderr);
    }
}

fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Fault C10: a socket by PGHOST, IPv6, a list of hosts of which one is up.
#[test]
fn sockets_addresses_and_lists_of_hosts() {
    let server = tcp_server(Options {
        settings: vec![("listen_addresses".into(), "127.0.0.1,::1".into())],
        hba: vec!["host all all ::1/128 scram-sha-256".into()],
        ..Options::default()
    });
    let db = Db::on(&server);
    db.isolated_shop();
    let (port, name) = (server.sandbox.port().to_string(), db.name());
    let app = db.role("app");
    let socket = server.sandbox.socket_dir();
    let bare = || db.tenantctl(["audit"]).without("TENANTCTL_DATABASE_URL");
    let login = |host: &str| {
        bare()
            .env("PGHOST", host)
            .env("PGPORT", &port)
            .env("PGDATABASE", name)
            .env("PGUSER", &app)
            .env("PGPASSWORD", PASSWORD)
    };
    login(&socket.to_string_lossy()).run().expect_code(0);
    login("127.0.0.1").run().expect_code(0);
    login("::1").run().expect_code(0);
    let url = format!("postgresql://127.0.0.1:{CLOSED},[::1]:{port}/{name}?user={app}");
    let listed = bare().env("DATABASE_URL", &url).env("PGPASSWORD", PASSWORD);
    listed.run().expect_code(0);
}

#[test]
fn a_url_that_is_none_is_a_mistake_on_the_command_line() {
    let world = World::new();
    for url in [
        format!("postgresql://admin:{SECRET}@host:port/shop"),
        format!("host=a password={SECRET} nonsense=1"),
        format!("postgresql://admin:{SECRET}@h/shop?sslmode=sometimes"),
    ] {
        let run = audit(&world, &url).run().expect_code(2);
        assert_eq!(run.stdout, "");
        assert!(!run.stderr.is_empty() && !run.stderr.contains(SECRET));
    }
}
