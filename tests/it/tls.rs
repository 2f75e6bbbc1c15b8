//! TLS against a real server, with certificates of a private authority (fault C07): the sslmodes
//! mean what libpq means by them, and nothing falls back to plain text.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenantctl::sandbox::Options;

use crate::support::shop::PASSWORD;
use crate::support::{Db, Invocation, Server};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/tls")
        .join(name)
}

fn file(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

/// A server with this certificate that takes nothing but TLS over TCP.
fn server(certificate: &str, hba: &str) -> Arc<Server> {
    let settings = [
        ("ssl", "on"),
        ("ssl_cert_file", "server.crt"),
        ("ssl_key_file", "server.key"),
        ("ssl_ca_file", "authority.crt"),
    ];
    Server::own(Options {
        tcp: true,
        settings: settings.map(|(k, v)| (k.into(), v.into())).to_vec(),
        hba: vec![hba.into(), "hostnossl all all 127.0.0.1/32 reject".into()],
        files: vec![
            ("server.crt".into(), file(certificate)),
            ("server.key".into(), file("server.key")),
            ("authority.crt".into(), file("authority.crt")),
        ],
        ..Options::default()
    })
}

const WITH_PASSWORD: &str = "hostssl all all 127.0.0.1/32 scram-sha-256";

/// An audit over TCP as the shop's application, by this host name.
fn audit(db: &Db, host: &str, parameters: &str) -> Invocation {
    let (role, port) = (db.role("app"), db.server().sandbox.port());
    let name = db.name();
    let url = format!("postgresql://{role}@{host}:{port}/{name}?{parameters}");
    db.tenantctl(["audit", "--database-url", &url])
        .env("PGPASSWORD", PASSWORD)
}

fn root(certificate: &str) -> String {
    format!("sslrootcert={}", path(certificate).display())
}

#[test]
fn verify_full_takes_the_right_authority_and_name_and_nothing_else() {
    let db = Db::on(&server("server.crt", WITH_PASSWORD));
    db.isolated_shop();
    let (right, wrong) = (root("authority.crt"), root("stranger.crt"));
    for host in ["localhost", "127.0.0.1"] {
        for mode in ["verify-full", "verify-ca", "require", "prefer"] {
            let parameters = format!("sslmode={mode}&{right}");
            audit(&db, host, &parameters).run().expect_code(0);
        }
        for mode in ["verify-full", "verify-ca"] {
            let parameters = format!("sslmode={mode}&{wrong}");
            let run = audit(&db, host, &parameters).run().expect_code(3);
            let run = run.says(&["cannot connect to", "certificate"]);
            assert_eq!(run.stdout, "");
        }
    }
    // Without a root certificate there is nothing to verify against but the system's own.
    let run = audit(&db, "localhost", "sslmode=verify-full&sslrootcert=system").run();
    run.expect_code(3).says(&["certificate"]);
    let run = audit(
        &db,
        "localhost",
        "sslmode=verify-full&sslrootcert=/no/such/file",
    )
    .run();
    assert!(matches!(run.code, Some(2 | 3)), "{}", run.text());
    // As libpq: `require` with a root certificate means verify-ca, without one no verification.
    audit(&db, "localhost", "sslmode=require")
        .run()
        .expect_code(0);
    let run = audit(&db, "localhost", &format!("sslmode=require&{wrong}")).run();
    run.expect_code(3).says(&["certificate"]);
    let run = audit(&db, "localhost", "sslmode=disable").run();
    run.expect_code(3).says(&["28000"]);
    let log = db.server().sandbox.log();
    assert!(!log.contains(PASSWORD));
}

#[test]
fn another_name_passes_verify_ca_and_not_verify_full() {
    let db = Db::on(&server("elsewhere.crt", WITH_PASSWORD));
    db.isolated_shop();
    let root = root("authority.crt");
    audit(&db, "localhost", &format!("sslmode=verify-ca&{root}"))
        .run()
        .expect_code(0);
    let run = audit(&db, "localhost", &format!("sslmode=verify-full&{root}")).run();
    run.expect_code(3).says(&["certificate", "localhost"]);
}

#[test]
fn an_expired_certificate_is_refused() {
    let db = Db::on(&server("expired.crt", WITH_PASSWORD));
    db.isolated_shop();
    for mode in ["verify-full", "verify-ca"] {
        let parameters = format!("sslmode={mode}&{}", root("authority.crt"));
        let run = audit(&db, "localhost", &parameters).run();
        run.expect_code(3).says(&["certificate", "expired"]);
    }
}

/// The server asks for a certificate instead of a password, and says whose it must be.
#[test]
fn a_client_certificate_logs_in() {
    let server = server("server.crt", "hostssl all tls_client 127.0.0.1/32 cert");
    let db = Db::on(&server);
    db.isolated_shop();
    db.sql("create role tls_client login");
    let key = db.file("client.key", file("server.key"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let (port, name) = (server.sandbox.port(), db.name());
    let url = format!(
        "postgresql://tls_client@localhost:{port}/{name}?sslmode=verify-full&{}",
        root("authority.crt")
    );
    let with = format!(
        "{url}&sslcert={}&sslkey={}",
        path("client.crt").display(),
        key.display()
    );
    db.tenantctl(["audit", "--database-url", &with])
        .run()
        .expect_code(0);
    let run = db.tenantctl(["audit", "--database-url", &url]).run();
    run.expect_code(3).says(&["cannot connect to"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let run = db.tenantctl(["audit", "--database-url", &with]).run();
    assert!(matches!(run.code, Some(2 | 3)), "{}", run.text());
    run.says(&["client.key"]);
    db.sql("drop role tls_client");
}
