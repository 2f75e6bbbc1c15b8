//! Real servers: started, asked, stopped, orphaned.

use super::server::Auth;
use super::{Options, Sandbox, Wanted, find_all, os};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Servers for a test, or a printed reason why there is none.
fn start(options: &Options) -> Option<Sandbox> {
    if find_all().is_empty() {
        assert!(
            std::env::var_os("TENANTCTL_TEST_PG").is_none(),
            "TENANTCTL_TEST_PG asks for servers, and there are none"
        );
        eprintln!("skipped: no PostgreSQL server programs on this machine");
        return None;
    }
    let options = Options {
        offline: true,
        ..options.clone()
    };
    Some(Sandbox::start(&options, &mut |line| eprintln!("{line}")).unwrap())
}

/// The first column of the first row of a query, or the server's refusal.
fn ask(url: &str, sql: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let said = |error: tokio_postgres::Error| match error.as_db_error() {
            Some(error) => error.message().to_owned(),
            None => format!("{:#}", anyhow::Error::from(error)),
        };
        let (client, connection) = config.connect(NoTls).await.map_err(said)?;
        let connection = tokio::spawn(connection);
        let answer = client.simple_query(sql).await.map_err(said);
        drop(client);
        let _ = connection.await;
        let first = answer?.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(first.unwrap_or_default())
    })
}

fn gone_within(what: &str, patience: Duration, gone: impl Fn() -> bool) {
    let deadline = Instant::now() + patience;
    while !gone() {
        assert!(Instant::now() < deadline, "{what} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn directory(sandbox: &Sandbox) -> PathBuf {
    sandbox.data_dir().parent().unwrap().to_path_buf()
}

#[test]
fn a_server_answers_and_leaves_nothing() {
    let Some(sandbox) = start(&Options::default()) else {
        return;
    };
    let version = ask(&sandbox.url("postgres"), "show server_version").unwrap();
    assert!(version.starts_with(&sandbox.version().number), "{version}");
    assert_eq!(
        ask(&sandbox.url("postgres"), "select current_user").unwrap(),
        "postgres"
    );
    assert!(
        sandbox
            .log()
            .contains("database system is ready to accept connections")
    );
    let (pid, directory) = (sandbox.pid(), directory(&sandbox));
    assert!(os::alive(pid) && directory.exists());
    sandbox.stop().unwrap();
    assert!(!os::alive(pid), "the server is gone");
    assert!(!directory.exists(), "its folder is gone");
}

#[test]
fn a_wrong_password_fails_and_a_right_one_does_not() {
    let Some(sandbox) = start(&Options {
        tcp: true,
        ..Options::default()
    }) else {
        return;
    };
    let secret = "p&ss w/rd%";
    let create = format!("create role \"app&role\" login password '{secret}'");
    ask(&sandbox.url("postgres"), &create).unwrap();
    let right = sandbox.url_as("app&role", secret, "postgres");
    assert_eq!(ask(&right, "select current_user").unwrap(), "app&role");
    let tcp = sandbox.tcp_url("app&role", secret, "postgres").unwrap();
    assert_eq!(ask(&tcp, "select current_user").unwrap(), "app&role");
    for wrong in [
        sandbox.url_as("app&role", "wrong", "postgres"),
        sandbox.tcp_url("app&role", "wrong", "postgres").unwrap(),
        sandbox.tcp_url("postgres", "wrong", "postgres").unwrap(),
    ] {
        let refusal = ask(&wrong, "select 1").unwrap_err();
        assert!(
            refusal.contains("password authentication failed"),
            "{refusal}"
        );
    }
    let password = sandbox.superuser_password().unwrap().to_owned();
    let admin = sandbox.tcp_url("postgres", &password, "postgres").unwrap();
    assert_eq!(ask(&admin, "select 1").unwrap(), "1");
    assert!(!sandbox.log().contains(&password));
    assert!(!format!("{sandbox:?}").contains(&password));
}

#[test]
fn options_reach_the_server() {
    let options = Options {
        auth: Auth::Trust,
        replication: true,
        settings: vec![
            ("max_connections".into(), "7".into()),
            ("log_statement".into(), "all".into()),
        ],
        files: vec![("note".into(), b"kept in the data folder".to_vec())],
        ..Options::default()
    };
    let Some(sandbox) = start(&options) else {
        return;
    };
    let url = sandbox.url("postgres");
    assert_eq!(ask(&url, "show max_connections").unwrap(), "7");
    assert_eq!(ask(&url, "show wal_level").unwrap(), "replica");
    assert_eq!(
        ask(&url, "select pg_read_file('note')").unwrap(),
        "kept in the data folder"
    );
    assert!(
        sandbox.log().contains("pg_read_file('note')"),
        "log_statement=all"
    );
    ask(&url, "create role anybody login").unwrap();
    let trusted = sandbox.url_as("anybody", "whatever", "postgres");
    assert_eq!(ask(&trusted, "select current_user").unwrap(), "anybody");
}

#[test]
fn two_servers_stand_side_by_side() {
    let Some(one) = start(&Options {
        tcp: true,
        ..Options::default()
    }) else {
        return;
    };
    let Some(two) = start(&Options {
        tcp: true,
        ..Options::default()
    }) else {
        return;
    };
    assert_ne!(one.port(), two.port());
    ask(&one.url("postgres"), "create role only_here").unwrap();
    let count = "select count(*)::text from pg_catalog.pg_roles where rolname = 'only_here'";
    assert_eq!(ask(&one.url("postgres"), count).unwrap(), "1");
    assert_eq!(ask(&two.url("postgres"), count).unwrap(), "0");
}

#[test]
fn a_server_outlives_the_thread_that_started_it() {
    let started = std::thread::spawn(|| start(&Options::default()))
        .join()
        .unwrap();
    let Some(sandbox) = started else { return };
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(ask(&sandbox.url("postgres"), "select 1").unwrap(), "1");
}

#[test]
fn nothing_is_left_after_a_panic() {
    let place = std::sync::Mutex::new(None);
    let panicked = std::panic::catch_unwind(|| {
        let Some(sandbox) = start(&Options::default()) else {
            return;
        };
        *place.lock().unwrap() = Some((sandbox.pid(), directory(&sandbox)));
        panic!("on purpose");
    });
    let Some((pid, directory)) = place.into_inner().unwrap_or_else(|e| e.into_inner()) else {
        return;
    };
    assert!(panicked.is_err());
    assert!(!os::alive(pid) && !directory.exists());
}

#[test]
fn a_server_that_does_not_start_says_why_and_leaves_nothing() {
    let Some(_present) = start(&Options::default()) else {
        return;
    };
    let options = Options {
        offline: true,
        settings: vec![("shared_buffers".into(), "plenty".into())],
        ..Options::default()
    };
    let error = Sandbox::start(&options, &mut |_| {}).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("invalid value for parameter \"shared_buffers\": \"plenty\""),
        "{text}"
    );
}

#[test]
fn a_version_that_is_nowhere_is_named_with_what_to_install() {
    let wanted = Wanted {
        major: Some(99),
        pg_bin: None,
    };
    let options = Options {
        wanted,
        offline: true,
        ..Options::default()
    };
    let error = format!("{:#}", Sandbox::start(&options, &mut |_| {}).unwrap_err());
    assert!(
        error.contains("found no PostgreSQL 99 server programs"),
        "{error}"
    );
    assert!(error.contains("--pg-bin DIR"), "{error}");
}

/// What the child of the next two tests does: starts a server, tells about it, waits to be killed.
#[test]
fn as_a_child_that_is_killed() {
    let Some(file) = std::env::var_os("TENANTCTL_TEST_CHILD") else {
        return;
    };
    let keep = std::env::var_os("TENANTCTL_TEST_KEEP").is_some();
    let sandbox = start(&Options {
        keep,
        ..Options::default()
    })
    .unwrap();
    let mut told = format!("{}\n{}\n", sandbox.pid(), directory(&sandbox).display());
    if keep {
        let kept = sandbox.keep().unwrap();
        told += &format!("{}\n{}\n", kept.stop, kept.url);
        std::fs::write(file, told).unwrap();
        return;
    }
    std::fs::write(file, told).unwrap();
    std::thread::sleep(Duration::from_secs(60));
    panic!("nobody killed this process");
}

fn run_child(file: &Path, keep: bool) -> (std::process::Child, Vec<String>) {
    let mut child = spawn_child(file, keep);
    let lines = if keep { 4 } else { 2 };
    let complete = |text: &str| text.ends_with('\n') && text.lines().count() == lines;
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut text = String::new();
    while !complete(&text) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
        text = std::fs::read_to_string(file).unwrap_or_default();
    }
    if !complete(&text) {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("the child did not start a server");
    }
    std::fs::remove_file(file).unwrap();
    (child, text.lines().map(str::to_owned).collect())
}

fn spawn_child(file: &Path, keep: bool) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "sandbox::tests::as_a_child_that_is_killed",
            "--test-threads=1",
        ])
        .env("TENANTCTL_TEST_CHILD", file)
        .stdout(Stdio::null());
    if keep {
        command.env("TENANTCTL_TEST_KEEP", "1");
    }
    command.spawn().unwrap()
}

fn message_file() -> PathBuf {
    std::env::temp_dir().join(format!("sandbox-test-{}", super::files::random_name()))
}

#[test]
fn a_killed_process_leaves_no_server_and_the_next_start_removes_its_folder() {
    let Some(_present) = start(&Options::default()) else {
        return;
    };
    let (mut child, told) = run_child(&message_file(), false);
    let (pid, directory): (u32, _) = (told[0].parse().unwrap(), PathBuf::from(&told[1]));
    assert!(os::alive(pid));
    child.kill().unwrap();
    child.wait().unwrap();
    if cfg!(target_os = "linux") {
        gone_within("the server", Duration::from_secs(10), || !os::alive(pid));
    }
    // A sweep of another test may be at it already; then ours passes it by.
    gone_within("its folder", Duration::from_secs(10), || {
        super::sweep();
        !directory.exists()
    });
    assert!(!os::alive(pid), "the server is gone");
}

#[test]
fn a_kept_server_stays_until_its_stop_command() {
    let Some(present) = start(&Options::default()) else {
        return;
    };
    assert!(present.keep().is_err(), "it was not started to be kept");
    let (mut child, told) = run_child(&message_file(), true);
    let (pid, directory): (u32, _) = (told[0].parse().unwrap(), PathBuf::from(&told[1]));
    assert!(child.wait().unwrap().success());
    super::sweep();
    assert!(
        os::alive(pid) && directory.exists(),
        "it survives its starter and a sweep"
    );
    assert_eq!(ask(&told[3], "select 1").unwrap(), "1");
    let stopped = Command::new("sh").args(["-c", &told[2]]).status().unwrap();
    assert!(stopped.success());
    gone_within("the server", Duration::from_secs(10), || !os::alive(pid));
    assert!(!directory.exists());
}

#[test]
fn every_version_on_this_machine_works() {
    let Some(_present) = start(&Options::default()) else {
        return;
    };
    for binaries in find_all() {
        let wanted = Wanted {
            major: Some(binaries.version.major),
            pg_bin: None,
        };
        let options = Options {
            wanted,
            tcp: true,
            replication: true,
            ..Options::default()
        };
        let Some(sandbox) = start(&options) else {
            return;
        };
        let version = ask(&sandbox.url("postgres"), "show server_version").unwrap();
        assert!(version.starts_with(&binaries.version.number), "{version}");
        eprintln!("ran on {}", sandbox.version().full);
    }
}

#[test]
#[ignore = "prints times; run it alone, on a quiet machine"]
fn how_long_it_takes() {
    let Some(_warm) = start(&Options::default()) else {
        return;
    };
    for options in [
        Options::default(),
        Options {
            tcp: true,
            ..Options::default()
        },
    ] {
        for _ in 0..5 {
            let begin = Instant::now();
            let sandbox = start(&options).unwrap();
            let started = begin.elapsed();
            ask(&sandbox.url("postgres"), "select 1").unwrap();
            let asked = begin.elapsed();
            sandbox.stop().unwrap();
            let all = begin.elapsed();
            eprintln!(
                "tcp {}: started {started:?}, asked {asked:?}, stopped {all:?}",
                options.tcp
            );
        }
    }
}

#[test]
#[ignore = "downloads a server; TENANTCTL_CACHE names an empty folder, TENANTCTL_TEST_MAJOR a version"]
fn a_server_is_fetched() {
    let major = std::env::var("TENANTCTL_TEST_MAJOR")
        .unwrap()
        .parse()
        .unwrap();
    let wanted = Wanted {
        major: Some(major),
        pg_bin: None,
    };
    let mut said = Vec::new();
    let begin = Instant::now();
    let options = Options {
        wanted,
        ..Options::default()
    };
    let sandbox = Sandbox::start(&options, &mut |line| said.push(line.to_owned())).unwrap();
    eprintln!(
        "{said:?} {:?} {}",
        begin.elapsed(),
        sandbox.bin_dir().display()
    );
    assert_eq!(sandbox.version().major, major);
    assert!(
        said.concat().contains("fetching @embedded-postgres/"),
        "{said:?}"
    );
    for extension in ["pgcrypto", "postgres_fdw"] {
        ask(
            &sandbox.url("postgres"),
            &format!("create extension {extension}"),
        )
        .unwrap();
    }
}
