//! Connecting to servers that misbehave: a scripted one on a loopback port, no PostgreSQL.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use super::conninfo::{Environment, resolve};
use super::*;

/// What the scripted server does with a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Accepts and never answers.
    Silent,
    /// Greets everyone, and has the settings that it was asked for.
    Server,
    /// Refuses startup options, as PgBouncer does.
    Pooler,
    /// Takes startup options and drops them, as PgBouncer does when told to ignore them.
    QuietPooler,
    /// Refuses the login with this SQLSTATE.
    Refuse(&'static str),
}

/// A server on a loopback port and what it was sent.
struct Scripted {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(script, stream.unwrap(), &log));
            }
        });
        Self { port, heard }
    }

    fn connector(&self, more: &str) -> Connector {
        let text = format!(
            "host=127.0.0.1 port={} user=ann dbname=shop {more}",
            self.port
        );
        Connector::new(resolve(Some(&text), &Environment::of(|_| None)).unwrap()).unwrap()
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Serves one connection until something is not as expected, which the test then sees.
fn serve(script: Script, mut stream: TcpStream, log: &Mutex<Vec<String>>) -> Option<()> {
    let hear = |what: String| log.lock().unwrap().push(what);
    let mut startup = packet(&mut stream)?;
    if script == Script::Silent {
        thread::sleep(Duration::from_secs(20));
        return None;
    }
    if startup.starts_with(&80_877_103_u32.to_be_bytes()) {
        hear("asks for tls".to_owned());
        stream.write_all(b"N").ok()?;
        startup = packet(&mut stream)?;
    }
    let parameters = String::from_utf8_lossy(&startup[4..]).replace('\0', " ");
    hear(format!("startup {parameters}"));
    let has_options = parameters.contains(" options ");
    match script {
        Script::Refuse(code) => return refuse(&mut stream, code, "no"),
        Script::Pooler if has_options => {
            return refuse(
                &mut stream,
                "08P01",
                "unsupported startup parameter: options",
            );
        }
        _ => {}
    }
    send(&mut stream, b'R', &[0, 0, 0, 0])?;
    send(&mut stream, b'S', b"server_version\x0015.1 (Test)\0")?;
    send(&mut stream, b'K', &[0, 0, 0, 1, 0, 0, 0, 2])?;
    send(&mut stream, b'Z', b"I")?;
    loop {
        let mut tag = [0];
        stream.read_exact(&mut tag).ok()?;
        let body = packet(&mut stream)?;
        if tag != *b"Q" {
            return None;
        }
        hear(
            String::from_utf8_lossy(&body)
                .trim_end_matches('\0')
                .to_owned(),
        );
        // One row: the mark, or the null of a setting that nobody made.
        let column = b"\0\x01x\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0";
        send(&mut stream, b'T', column)?;
        let row: &[u8] = match script {
            Script::Server => b"\0\x01\0\0\0\x011",
            _ => b"\0\x01\xff\xff\xff\xff",
        };
        send(&mut stream, b'D', row)?;
        send(&mut stream, b'C', b"SELECT 1\0")?;
        send(&mut stream, b'Z', b"I")?;
    }
}

/// Reads a length and what it announces.
fn packet(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

fn send(stream: &mut TcpStream, tag: u8, body: &[u8]) -> Option<()> {
    let length = u32::try_from(body.len() + 4).ok()?.to_be_bytes();
    stream.write_all(&[&[tag][..], &length, body].concat()).ok()
}

fn refuse(stream: &mut TcpStream, code: &str, message: &str) -> Option<()> {
    send(
        stream,
        b'E',
        format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0").as_bytes(),
    )
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// The message of a failed attempt, which never holds the password.
fn failure(connector: &Connector) -> String {
    let error = block_on(connector.open(Purpose::Read)).err().unwrap();
    let text = format!("{error:#}");
    assert!(
        !text.contains("hunter2") && !format!("{error:?}").contains("hunter2"),
        "{text}"
    );
    assert_eq!(crate::exit::code_of(&error), crate::exit::Code::Failed);
    text
}

#[test]
fn a_server_that_never_answers_times_out() {
    let server = Scripted::start(Script::Silent);
    let began = Instant::now();
    let text = failure(&server.connector("password=hunter2 connect_timeout=1"));
    assert!(
        text.contains("as ann: timed out: no answer within 1 s"),
        "{text}"
    );
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// A certificate to trust; nothing was ever signed with its key.
const ROOT: &str = "\
-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUBSz+uuFOUbUgVVgXmRHPEuRAOR4wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEVGVzdDAgFw0yNjExMjExMTUxMzRaGA8yMTI2MTAyODExNTEz
NFowDzENMAsGA1UEAwwEVGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFZe
pNwHRjSQIxB7JYlKftgwZsB33ebjjYMh7Tj+di1rHOlOaXBqBMaGzr4IP6YzJlm6
ezJfQFR58o2ge45i8vijUzBRMB0GA1UdDgQWBBRMjgMg1EzAnhxX5dj5ig+B48d0
aDAfBgNVHSMEGDAWgBRMjgMg1EzAnhxX5dj5ig+B48d0aDAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIF49UyLusBG5iOoNMfvbb3EZEbk8Isd3lDvZ
3V7a9KTmAiEAnXxF4DjwdZFcSHzMicSRXbB/gPyOIMqmt3LXCgVVhW4=
-----END CERTIFICATE-----
";

#[test]
fn nothing_is_sent_in_plain_where_tls_is_required() {
    let root = std::env::temp_dir().join(format!("tenantctl-root-{}.crt", std::process::id()));
    std::fs::write(&root, ROOT).unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        let server = Scripted::start(Script::Server);
        let more = format!(
            "password=hunter2 sslmode={mode} sslrootcert={}",
            root.display()
        );
        let text = failure(&server.connector(&more));
        assert!(text.contains("does not offer TLS"), "{text}");
        assert_eq!(server.heard(), ["asks for tls"], "{mode}");
    }
    std::fs::remove_file(root).unwrap();
}

#[test]
fn prefer_asks_for_tls_and_allow_does_not() {
    for (mode, asks) in [("prefer", true), ("allow", false), ("disable", false)] {
        let server = Scripted::start(Script::Server);
        block_on(
            server
                .connector(&format!("sslmode={mode}"))
                .open(Purpose::Read),
        )
        .unwrap();
        assert_eq!(server.heard()[0] == "asks for tls", asks, "{mode}");
    }
}

#[test]
fn settings_hold_before_the_first_statement() {
    let server = Scripted::start(Script::Server);
    let session = block_on(server.connector("sslmode=disable").open(Purpose::Read)).unwrap();
    assert!(!session.is_pooled());
    assert_eq!(
        (session.server_version(), session.server_major()),
        ("15.1", 15)
    );
    let heard = server.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[1].contains(MARK), "{heard:?}");
    for part in [
        "user ann",
        "database shop",
        "application_name tenantctl",
        READ_ONLY,
    ] {
        assert!(heard[0].contains(part), "{heard:?}");
    }
}

#[test]
fn a_pooler_gets_its_settings_within_a_transaction() {
    for script in [Script::Pooler, Script::QuietPooler] {
        let server = Scripted::start(script);
        let connector = server.connector("sslmode=disable");
        let session = block_on(connector.open(Purpose::Read)).unwrap();
        assert!(session.is_pooled());
        let heard = server.heard();
        let last = heard.last().unwrap();
        assert!(
            last.starts_with("begin read only; set local lock_timeout"),
            "{heard:?}"
        );
        // Nothing may outlive the transaction: the application would inherit it.
        assert!(
            !heard.iter().any(|heard| heard.starts_with("set ")),
            "{heard:?}"
        );
        let before = heard.len();
        let change = block_on(connector.open(Purpose::Change)).unwrap();
        assert!(change.is_pooled());
        let heard = server.heard().split_off(before);
        assert!(
            heard.iter().all(|heard| heard.starts_with("startup")),
            "{heard:?}"
        );
    }
}

#[test]
fn a_pooler_is_not_given_the_users_options_to_drop() {
    let server = Scripted::start(Script::Pooler);
    let text = failure(&server.connector("sslmode=disable options='-c a.b=1'"));
    assert!(text.contains("takes no options"), "{text}");
}

#[test]
fn the_next_server_is_tried_unless_the_first_one_says_no() {
    let open = |first: Script| {
        let (first, second) = (Scripted::start(first), Scripted::start(Script::Server));
        let text = format!(
            "host=127.0.0.1,127.0.0.1 port={},{} user=ann sslmode=disable connect_timeout=1",
            first.port, second.port
        );
        let target = resolve(Some(&text), &Environment::of(|_| None)).unwrap();
        let opened = block_on(Connector::new(target).unwrap().open(Purpose::Read));
        (
            opened.map(|_| ()).map_err(|error| format!("{error:#}")),
            second.heard().len(),
        )
    };
    assert_eq!(open(Script::Refuse("57P03")), (Ok(()), 2));
    assert_eq!(open(Script::Silent), (Ok(()), 2));
    let (refused, heard) = open(Script::Refuse("28P01"));
    assert!(refused.unwrap_err().contains("SQLSTATE 28P01"));
    assert_eq!(heard, 0);
}

#[test]
fn the_sqlstate_survives_context() {
    let server = Scripted::start(Script::Refuse("53300"));
    let connector = server.connector("sslmode=disable");
    let error = block_on(connector.open(Purpose::Attack))
        .err()
        .unwrap()
        .context("more");
    assert_eq!(error::sqlstate(&error).unwrap().code(), "53300");
    let text = format!("{error:#}");
    assert!(
        text.contains("on 127.0.0.1:") && text.contains("max_connections"),
        "{text}"
    );
}

#[test]
fn a_refused_connection_says_where() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let text = format!("postgres://x:hunter2@127.0.0.1:{port}/y");
    let target = resolve(Some(&text), &Environment::of(|_| None)).unwrap();
    let text = failure(&Connector::new(target).unwrap());
    let expected =
        format!("cannot connect to database y on 127.0.0.1:{port} as x: Connection refused");
    assert!(text.starts_with(&expected), "{text}");
}
