//! A real PgBouncer: the one that is installed, else Debian's package, unpacked beside the tests.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs};

use crate::support::{Db, shop, tell};

/// The program, and the folder of the libraries that it needs besides.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    libraries: Option<PathBuf>,
}

/// A running pooler in front of a database; it ends with this value.
pub(super) struct Bouncer {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Bouncer {
    /// In front of this database; `None` where no PgBouncer can be had, which is said loudly.
    pub(super) fn before(db: &Db, settings: &str) -> Option<Self> {
        static PROGRAM: OnceLock<Result<Program, String>> = OnceLock::new();
        let program = match PROGRAM.get_or_init(obtain) {
            Ok(program) => program,
            Err(why) => {
                tell(&format!(
                    "SKIPPED: no test of --pooler-url against a real PgBouncer: {why}"
                ));
                return None;
            }
        };
        Some(Self::start(program, db, settings))
    }

    fn start(program: &Program, db: &Db, settings: &str) -> Self {
        let run_as = &db.server().sandbox.binaries().run_as;
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        // The user that runs it must get there.
        let folder = env::temp_dir().join(format!("tenantctl-pgb-{}-{port}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let users =
            ["app", "owner"].map(|kind| format!("\"{}\" \"{}\"\n", db.role(kind), shop::PASSWORD));
        fs::write(folder.join("users"), users.concat()).unwrap();
        let sandbox = &db.server().sandbox;
        let config = format!(
            "[databases]\n* = host={} port={} pool_size=3\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n{settings}\n",
            sandbox.socket_dir().display(),
            sandbox.port(),
            folder.join("users").display(),
        );
        fs::write(folder.join("ini"), config).unwrap();
        let mut command = Command::new(&program.path);
        command
            .arg("-q")
            .arg(folder.join("ini"))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(libraries) = &program.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        if run_as.name.is_some() {
            // It refuses to run as root.
            command.uid(run_as.uid).gid(run_as.gid);
        }
        let child = command.spawn().unwrap();
        let bouncer = Self {
            child,
            port,
            folder,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "PgBouncer does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        bouncer
    }

    /// The application's URL through it.
    pub(super) fn url(&self, db: &Db) -> String {
        self.url_as(db, "app")
    }

    /// The same for `app` or `owner`.
    pub(super) fn url_as(&self, db: &Db, kind: &str) -> String {
        let (role, port) = (db.role(kind), self.port);
        format!("postgresql://{role}@127.0.0.1:{port}/{}", db.name())
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn obtain() -> Result<Program, String> {
    let named = env::var_os("TENANTCTL_TEST_PGBOUNCER").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let mut candidates = named
        .into_iter()
        .chain(folders.map(|dir| dir.join("pgbouncer")));
    if let Some(path) = candidates.find(|path| path.is_file()) {
        return Ok(Program {
            path,
            libraries: None,
        });
    }
    if env::var_os("TENANTCTL_OFFLINE").is_some_and(|value| !value.is_empty()) {
        return Err("it is not installed, and TENANTCTL_OFFLINE forbids fetching it".to_owned());
    }
    unpacked()
}

/// Debian's packages, unpacked and not installed. Kept for the next run.
fn unpacked() -> Result<Program, String> {
    let folder = env::temp_dir().join("tenantctl-test-pgbouncer");
    let root = folder.join("root");
    if !root.join("usr/sbin/pgbouncer").is_file() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        run(
            "apt-get",
            &["download", "pgbouncer", "libc-ares2", "libevent-2.1-7"],
            &folder,
        )?;
        let unpack = "for f in *.deb; do dpkg -x \"$f\" root.new || exit 1; done; chmod -R a+rX . && mv root.new root";
        run("sh", &["-c", unpack], &folder)?;
    }
    let libraries = fs::read_dir(root.join("usr/lib"))
        .map_err(|why| why.to_string())?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join("libcares.so.2").exists());
    Ok(Program {
        path: root.join("usr/sbin/pgbouncer"),
        libraries,
    })
}

fn run(program: &str, args: &[&str], folder: &Path) -> Result<(), String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("it is not installed, and {program} does not run: {why}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("it is not installed, and {program} failed: {said}")),
    }
}
