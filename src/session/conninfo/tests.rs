//! Connection strings and what they come to, without touching the process's environment.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::exit::{Code, code_of};
use crate::secret::ExposeSecret;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: HashMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut env = Environment::of(move |name| variables.get(name).cloned());
    env.user = Some("me".to_owned());
    env
}

/// A folder of its own, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tenantctl-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> String {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn resolved(text: &str, variables: &[(&str, &str)]) -> Target {
    resolve(Some(text), &environment(variables)).unwrap()
}

fn message(text: &str) -> String {
    let error = resolve(Some(text), &environment(&[])).unwrap_err();
    assert_eq!(code_of(&error), Code::Usage, "{error:#}");
    format!("{error:#}")
}

/// The password that would be offered to the first server.
fn password(target: &Target) -> Option<String> {
    target
        .config(&target.endpoints[0], None)
        .get_password()
        .map(|p| String::from_utf8(p.to_vec()).unwrap())
}

#[test]
fn labels_of_uris() {
    for (text, label) in [
        ("", "database me on localhost:5432 as me"),
        ("postgres://", "database me on localhost:5432 as me"),
        ("postgresql://bob@", "database bob on localhost:5432 as bob"),
        (
            "postgres://ann:secret@db.example/shop",
            "database shop on db.example:5432 as ann",
        ),
        ("postgres://ann@db:6000/", "database ann on db:6000 as ann"),
        (
            "postgres://db:6000/shop?user=bob",
            "database shop on db:6000 as bob",
        ),
        ("postgres://[::1]/shop", "database shop on [::1]:5432 as me"),
        (
            "postgres://[::1]:99/shop",
            "database shop on [::1]:99 as me",
        ),
        ("postgres://a:1,b:2/shop", "database shop on a:1,b:2 as me"),
        (
            "postgres://a,b/shop?port=7",
            "database shop on a:7,b:7 as me",
        ),
        ("postgres://a:1,b/shop", "database shop on a:1,b:5432 as me"),
        (
            "postgres:///shop?host=/run/pg",
            "database shop on /run/pg:5432 as me",
        ),
        (
            "postgres://%2Frun%2Fpg:99/shop",
            "database shop on /run/pg:99 as me",
        ),
        (
            "postgres://h1/shop?host=h2",
            "database shop on h2:5432 as me",
        ),
        ("postgres://h/a%2Fb%20c", "database a/b c on h:5432 as me"),
        ("postgres://an%40n:p%3A@h/d", "database d on h:5432 as an@n"),
    ] {
        assert_eq!(resolved(text, &[]).label(), label, "{text}");
    }
}

#[test]
fn labels_of_pairs() {
    for (text, label) in [
        ("host=db dbname=shop", "database shop on db:5432 as me"),
        ("  host = db  port= 99 ", "database me on db:99 as me"),
        ("host=a,b port=1,2", "database me on a:1,b:2 as me"),
        ("host=a,b port=,2", "database me on a:5432,b:2 as me"),
        (
            "user='o\\'neil' dbname='my shop'",
            "database my shop on localhost:5432 as o'neil",
        ),
        (
            "user=o\\'neil",
            "database o'neil on localhost:5432 as o'neil",
        ),
        ("hostaddr=10.0.0.1", "database me on 10.0.0.1:5432 as me"),
        ("host=db hostaddr=10.0.0.1", "database me on db:5432 as me"),
        ("host='' dbname=''", "database me on localhost:5432 as me"),
        ("host=a host=b", "database me on b:5432 as me"),
        (
            "dbname='a\u{1b}[31m'",
            "database a\\u{1b}[31m on localhost:5432 as me",
        ),
    ] {
        assert_eq!(resolved(text, &[]).label(), label, "{text}");
    }
}

#[test]
fn passwords_of_every_shape() {
    let odd = "p@ss/w:o#r?d%'\\ ü";
    let encoded: String = odd.bytes().map(|b| format!("%{b:02x}")).collect();
    let quoted = odd.replace('\\', "\\\\").replace('\'', "\\'");
    for text in [
        format!("postgres://u:{encoded}@h/d"),
        format!("host=h password='{quoted}'"),
    ] {
        assert_eq!(password(&resolved(&text, &[])).as_deref(), Some(odd));
    }
    let by_variable = resolved("host=h", &[("PGPASSWORD", odd)]);
    assert_eq!(password(&by_variable).as_deref(), Some(odd));
    let colon = resolved("postgres://u:a:b@h/d", &[]);
    assert_eq!(password(&colon).as_deref(), Some("a:b"));
}

#[test]
fn malformed_strings_are_usage_errors_without_the_string() {
    for (text, part) in [
        ("hunter2", "neither a postgres:// URI nor key=value"),
        ("password=hunter2 hunter2", "key without ="),
        ("password='hunter2", "quote that is not closed"),
        ("password=x hunter2=", "not a known key"),
        (
            "mysql://u:hunter2@h/d",
            "neither a postgres:// URI nor key=value",
        ),
        ("postgres://u:hunter2/x@h/d", "@ or / where none may be"),
        ("postgres://u:hunter2@x@h/d", "@ or / where none may be"),
        ("postgres://u:hunter2%zz@h/d", "two hexadecimal digits"),
        ("postgres://u:hunter2%0", "two hexadecimal digits"),
        ("postgres://u:hunter2%00@h/d", "%00"),
        ("postgres://u:%ff@h/d", "UTF-8"),
        ("postgres://h:hunter2/d", "not a number from 1 to 65535"),
        ("postgres://h:70000/d", "not a number from 1 to 65535"),
        ("postgres://h:0/d", "not a number from 1 to 65535"),
        ("postgres://[::1/d", "IPv6"),
        ("postgres://[]/d", "IPv6"),
        ("postgres://[::1]x/d", "IPv6"),
        ("postgres://h/d?hunter2", "not key=value"),
        ("postgres://h/d?sslmode=a=b", "not key=value"),
        ("host=a,b,c port=1,2", "2 ports do not fit 3 hosts"),
        (
            "host=a,b hostaddr=1.1.1.1",
            "2 host names do not fit 1 hostaddr",
        ),
        ("hostaddr=hunter2", "must be an IP address"),
        ("host=@x", "abstract"),
        ("sslmode=hunter2", "sslmode must be one of disable, allow"),
        (
            "connect_timeout=hunter2",
            "connect_timeout is not a whole number",
        ),
        (
            "target_session_attrs=hunter2",
            "target_session_attrs must be one of any",
        ),
    ] {
        let message = message(text);
        assert!(message.contains(part), "{text}: {message}");
        assert!(!message.contains("hunter2"), "{text}: {message}");
    }
}

#[test]
fn unknown_keys_are_named_with_the_nearest() {
    assert_eq!(
        message("sslmod=require"),
        "unknown connection option \"sslmod\"; did you mean sslmode?"
    );
    assert!(message("postgres://h/d?conect_timeout=1").contains("did you mean connect_timeout?"));
    assert_eq!(message("zzz=1"), "unknown connection option \"zzz\"");
}

#[test]
fn what_cannot_be_honoured_is_refused() {
    for text in [
        "gssencmode=require",
        "require_auth=scram-sha-256",
        "requirepeer=postgres",
        "replication=database",
        "sslcertmode=require",
        "min_protocol_version=3.2",
    ] {
        assert!(message(text).contains("is not supported here"), "{text}");
    }
    let error = resolve(None, &environment(&[("PGREQUIREAUTH", "md5")])).unwrap_err();
    assert!(format!("{error:#}").contains("PGREQUIREAUTH"), "{error:#}");
    for text in [
        "gssencmode=disable",
        "gssencmode=prefer",
        "krbsrvname=x",
        "client_encoding=utf8",
    ] {
        resolved(text, &[]);
    }
}

#[test]
fn the_string_beats_the_service_beats_the_environment() {
    let folder = Folder::new("service");
    let file = folder.file(
        "svc",
        "[shop]\nhost=from-service\nport=1\nsslmode=require\n",
        0o644,
    );
    let variables = [
        ("PGSERVICEFILE", file.as_str()),
        ("PGHOST", "from-env"),
        ("PGPORT", "2"),
        ("PGDATABASE", "db-env"),
        ("PGSSLMODE", "disable"),
    ];
    let target = resolved("service=shop host=from-string", &variables);
    assert_eq!(target.label(), "database db-env on from-string:1 as me");
    assert_eq!(target.tls.mode, SslMode::Require);
    let by_variable = resolve(
        None,
        &environment(&[&variables[..], &[("PGSERVICE", "shop")]].concat()),
    )
    .unwrap();
    assert_eq!(
        by_variable.label(),
        "database db-env on from-service:1 as me"
    );
    let error = resolve(Some("service=nope"), &environment(&variables)).unwrap_err();
    assert!(
        format!("{error:#}").contains("\"nope\" is not defined"),
        "{error:#}"
    );
}

#[test]
fn every_variable_is_read() {
    let target = resolve(
        None,
        &environment(&[
            ("PGHOST", "h"),
            ("PGHOSTADDR", "10.1.1.1"),
            ("PGPORT", "99"),
            ("PGUSER", "ann"),
            ("PGDATABASE", "shop"),
            ("PGPASSWORD", "p"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/r"),
            ("PGSSLCERT", "/c"),
            ("PGSSLKEY", "/k"),
            ("PGSSLNEGOTIATION", "direct"),
            ("PGCHANNELBINDING", "require"),
            ("PGOPTIONS", "-c a.b=1"),
            ("PGAPPNAME", "app"),
            ("PGCONNECT_TIMEOUT", "3"),
            ("PGTARGETSESSIONATTRS", "standby"),
        ]),
    )
    .unwrap();
    assert_eq!(target.label(), "database shop on h:99 as ann");
    assert_eq!(target.endpoints[0].addr, "10.1.1.1".parse().ok());
    assert_eq!(password(&target).as_deref(), Some("p"));
    assert_eq!(target.tls.mode, SslMode::VerifyFull);
    assert_eq!(
        target.tls.roots,
        Roots::File(Some(File::Named("/r".into())))
    );
    assert_eq!(target.tls.cert, Some(File::Named("/c".into())));
    assert_eq!(target.tls.key, Some(File::Named("/k".into())));
    assert!(target.tls.direct);
    assert_eq!(target.options.as_deref(), Some("-c a.b=1"));
    assert_eq!(target.application_name, "app");
    assert_eq!(target.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(target.session_attrs, SessionAttrs::Standby);
    let config = target.config(&target.endpoints[0], None);
    assert_eq!(config.get_channel_binding(), ChannelBinding::Require);
}

#[test]
fn defaults() {
    let target = resolved("", &[("PGHOST", "")]);
    assert_eq!(target.application_name, "tenantctl");
    assert_eq!(target.connect_timeout, Some(CONNECT_TIMEOUT));
    assert_eq!(target.tls.mode, SslMode::Prefer);
    assert_eq!(resolved("connect_timeout=0", &[]).connect_timeout, None);
    let folder = Folder::new("socket");
    folder.file(".s.PGSQL.5432", "", 0o600);
    let mut env = environment(&[]);
    env.socket_dirs = vec!["/nowhere".into(), folder.0.clone()];
    let found = resolve(None, &env).unwrap();
    assert_eq!(found.endpoints[0].host, Host::Unix(folder.0.clone()));
    let other = resolve(Some("port=5433"), &env).unwrap();
    assert_eq!(other.endpoints[0].host, Host::Tcp("localhost".to_owned()));
}

#[test]
fn tls_rules() {
    assert_eq!(
        resolved("sslrootcert=system", &[]).tls.mode,
        SslMode::VerifyFull
    );
    assert_eq!(
        resolved("postgres://h/d?ssl=true", &[]).tls.mode,
        SslMode::Require
    );
    assert_eq!(resolved("requiressl=1", &[]).tls.mode, SslMode::Require);
    assert!(message("sslrootcert=system sslmode=require").contains("needs sslmode=verify-full"));
    assert!(message("sslnegotiation=direct").contains("needs sslmode require"));
    assert!(message("ssl_max_protocol_version=TLSv1.1").contains("leaves no version"));
    assert!(
        !resolved("ssl_min_protocol_version=tlsv1.3", &[])
            .tls
            .allow_12
    );
    let mut env = environment(&[]);
    env.home = Some("/home/me".into());
    let target = resolve(None, &env).unwrap();
    let default = File::Default(Path::new("/home/me/.postgresql/root.crt").to_owned());
    assert_eq!(target.tls.roots, Roots::File(Some(default)));
}

#[test]
fn passfile_by_host_and_user() {
    let folder = Folder::new("passfile");
    let lines = "localhost:5432:*:me:sock\n/srv/pg:*:*:me:dir\ndb:5432:shop:app:appword\n\
                 db:*:*:me:mine\n";
    let path = folder.file("pass", lines, 0o600);
    let variables = [("PGPASSFILE", path.as_str())];
    let of = |text: &str| password(&resolved(text, &variables));
    assert_eq!(of("host=/tmp").as_deref(), Some("sock"));
    assert_eq!(of("").as_deref(), Some("sock"));
    assert_eq!(of("host=/srv/pg").as_deref(), Some("dir"));
    assert_eq!(of("host=db").as_deref(), Some("mine"));
    assert_eq!(of("host=db password=given").as_deref(), Some("given"));
    assert_eq!(of("host=other"), None);
    let admin = resolved("host=db dbname=shop password=given", &variables);
    let app = admin.clone().with_user("app");
    assert_eq!(password(&app).as_deref(), Some("appword"));
    assert_eq!(password(&admin.clone().with_user("nobody")), None);
    assert_eq!(
        password(&admin.clone().with_user("me")).as_deref(),
        Some("given")
    );
    assert_eq!(password(&app.clone().without_password()), None);
    assert_eq!(
        password(&app.with_password("new".to_owned().into())).as_deref(),
        Some("new")
    );
    assert!(admin.has_password());
    assert_eq!(admin.with_database("x").dbname, "x");
}

#[test]
fn an_open_passfile_is_ignored_and_said_so() {
    let folder = Folder::new("open");
    let path = folder.file("pass", "*:*:*:*:secretword\n", 0o644);
    let target = resolved("host=db", &[("PGPASSFILE", &path)]);
    assert_eq!(password(&target), None);
    assert!(target.notes[0].contains("chmod 0600"), "{:?}", target.notes);
    let missing = resolved("host=db", &[("PGPASSFILE", "/nowhere/at/all")]);
    assert!(missing.notes.is_empty());
}

#[test]
fn debug_shows_no_secret() {
    let target = resolved("postgres://u:hunter2@h/d", &[]);
    assert!(!format!("{target:?} {target:#?}").contains("hunter2"));
    assert_eq!(
        target.password.as_ref().map(ExposeSecret::expose_secret),
        Some("hunter2")
    );
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC*") {
        let _ = resolve(Some(&text), &environment(&[]));
        let _ = resolve(Some(&format!("postgres://{text}")), &environment(&[]));
    }

    #[test]
    fn nothing_panics_near_the_grammar(
        text in "(postgres://)?([a-z0-9%@:/?&=,'\\\\ .\\[\\]ü-]|host|port|%2f|sslmode=|password=){0,12}"
    ) {
        let _ = resolve(Some(&text), &environment(&[]));
    }

    #[test]
    fn quoted_values_come_back(value in "\\PC{1,20}") {
        let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
        let target = resolved(&format!("password='{quoted}' host=h"), &[]);
        prop_assert_eq!(password(&target), Some(value.clone()));
        let encoded: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
        let target = resolved(&format!("postgres://u:{encoded}@h/d"), &[]);
        prop_assert_eq!(password(&target), Some(value));
    }
}
