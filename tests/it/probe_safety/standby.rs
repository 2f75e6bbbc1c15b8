//! A hot standby: reads are attacked, and every write is said not to be checked.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{probe, said};
use crate::support::{Db, Server, Session};
use tenantctl::sandbox::Options;

/// A server process of ours, ended with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts the stopped server again, as a standby that waits for a primary.
fn as_standby(server: &Server) -> Process {
    let data = server.sandbox.data_dir();
    let owner = fs::metadata(&data).unwrap();
    let signal = data.join("standby.signal");
    fs::write(&signal, "").unwrap();
    chown(&signal, Some(owner.uid()), Some(owner.gid())).unwrap();
    let socket = server.sandbox.socket_dir();
    let mut command = Command::new(server.sandbox.bin_dir().join("postgres"));
    command
        .arg("-D")
        .arg(&data)
        .args(["-p", &server.sandbox.port().to_string(), "-h", "", "-k"])
        .arg(&socket)
        .args(["-c", "dynamic_shared_memory_type=mmap"])
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if fs::metadata("/proc/self").is_ok_and(|us| us.uid() != owner.uid()) {
        command.uid(owner.uid()).gid(owner.gid());
    }
    Process(command.spawn().unwrap())
}

#[test]
fn only_reads_are_attacked_on_a_standby() {
    let server = Server::own(Options {
        replication: true,
        ..Options::default()
    });
    let db = Db::on(&server);
    db.isolated_shop();
    let pid = i32::try_from(server.sandbox.pid()).unwrap();
    #[allow(unsafe_code, reason = "the standard library can only kill")]
    // SAFETY: the sandbox's own child, which it has not waited for.
    let sent = unsafe { libc::kill(pid, libc::SIGINT) };
    assert_eq!(sent, 0);
    let lock = server.sandbox.data_dir().join("postmaster.pid");
    wait_for("it does not stop", || !lock.exists());
    let standby = as_standby(&server);
    wait_for("the standby does not start", || {
        Session::open(&db.url()).is_ok()
    });
    assert_eq!(db.value("select pg_is_in_recovery()"), "t");

    let run = probe(&db, &[]).run().expect_code(4);
    assert!(said(&run, "public.orders", "select").starts_with("held"));
    for operation in ["insert", "update", "delete"] {
        let said = said(&run, "public.orders", operation);
        assert_eq!(said, "unproven: not attacked: the server is a standby");
    }
    probe(&db, &["--login"])
        .run()
        .expect_code(2)
        .says(&["the server is a standby"]);
    let audit = db.tenantctl(["verify", "--allow-unproven"]).run();
    assert_eq!(audit.code, Some(0), "{}", audit.text());

    // Or the database could not be dropped.
    db.sql("select pg_promote()");
    drop(db);
    drop(standby);
}
