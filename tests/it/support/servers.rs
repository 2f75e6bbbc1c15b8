//! One throwaway server a process and major version, started when the first test asks for it.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use tenantctl::sandbox::{self, Options, Sandbox, Wanted};

/// A running server; tests share it, so each keeps to its own database and role names.
pub(crate) struct Server {
    pub(crate) sandbox: Sandbox,
    names: AtomicU32,
}

impl Server {
    /// A whole server for one test: for what belongs to the cluster, for TCP, for its log.
    pub(crate) fn own(mut options: Options) -> Arc<Self> {
        if options.wanted.major.is_none() {
            options.wanted.major = Some(server().major());
        }
        options.offline = offline();
        let sandbox = Sandbox::start(&options, &mut tell).unwrap_or_else(|why| panic!("{why:#}"));
        Arc::new(Self {
            sandbox,
            names: AtomicU32::new(1),
        })
    }

    /// The major version.
    pub(crate) fn major(&self) -> u32 {
        self.sandbox.version().major
    }

    /// A number that no other test on this server has.
    pub(super) fn next(&self) -> u32 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }
}

type Started = BTreeMap<u32, Result<Arc<Server>, String>>;

static SERVERS: Mutex<Started> = Mutex::new(BTreeMap::new());

/// The server for a test that does not depend on the version: 15 where it can be had, otherwise
/// the newest.
pub(crate) fn server() -> Arc<Server> {
    let wanted = wanted();
    let major = if wanted.contains(&15) {
        15
    } else {
        wanted.last().copied().unwrap_or(0)
    };
    start(major).unwrap_or_else(|why| panic!("{why}"))
}

/// Runs a test on every version that is wanted and can be had.
pub(crate) fn for_each_version(test: impl Fn(&Arc<Server>)) {
    let mut ran = 0;
    for (major, server) in versions() {
        match server {
            Ok(server) => {
                // Captured by the runner, and shown beside a failure.
                eprintln!("on PostgreSQL {}:", server.sandbox.version().number);
                test(&server);
                ran += 1;
            }
            Err(why) => eprintln!("skipped on PostgreSQL {major}: {why}"),
        }
    }
    assert!(ran > 0, "there is no server to test on");
}

/// Every version that is wanted, with its server or the reason why there is none.
pub(crate) fn versions() -> Vec<(u32, Result<Arc<Server>, String>)> {
    let with_server = |major| (major, start(major));
    wanted().into_iter().map(with_server).collect()
}

/// Whether the versions were named, so that each of them must be there.
pub(crate) fn named() -> bool {
    std::env::var_os("TENANTCTL_TEST_PG").is_some()
}

/// The major versions to test on, oldest first: `TENANTCTL_TEST_PG`, otherwise all that is
/// installed, otherwise the newest, which is fetched.
fn wanted() -> Vec<u32> {
    if let Ok(named) = std::env::var("TENANTCTL_TEST_PG") {
        let number = |text: &str| text.trim().parse().ok();
        let mut majors = named
            .split(',')
            .map(|text| number(text).unwrap_or_else(|| panic!("TENANTCTL_TEST_PG={named}")))
            .collect::<Vec<u32>>();
        majors.sort_unstable();
        majors.dedup();
        return majors;
    }
    static FOUND: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if found.is_empty() {
        *found = sandbox::find_all()
            .iter()
            .map(|binaries| binaries.version.major)
            .collect();
    }
    if found.is_empty() {
        let fetched = sandbox::obtain(&Wanted::default(), offline(), &mut tell);
        // A suite that skips everything would pass and have shown nothing.
        let fetched = fetched.unwrap_or_else(|why| panic!("{why:#}"));
        found.push(fetched.version.major);
    }
    found.clone()
}

fn start(major: u32) -> Result<Arc<Server>, String> {
    let mut servers = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
    let started = servers.entry(major).or_insert_with(|| {
        stop_all_at_exit();
        let options = Options {
            wanted: Wanted {
                major: Some(major),
                pg_bin: None,
            },
            offline: offline(),
            ..Options::default()
        };
        Sandbox::start(&options, &mut tell)
            .map(|sandbox| {
                let names = AtomicU32::new(1);
                Arc::new(Server { sandbox, names })
            })
            .map_err(|why| format!("{why:#}"))
    });
    started.clone()
}

fn offline() -> bool {
    std::env::var_os("TENANTCTL_OFFLINE").is_some_and(|value| !value.is_empty())
}

/// Past the runner's capture: a fetch of 23 MB should not look like a test that hangs.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Nothing drops a static. The parent-death signal would end the servers, but leave their folders
/// until the next run sweeps.
fn stop_all_at_exit() {
    extern "C" fn stop() {
        let servers = std::mem::take(&mut *SERVERS.lock().unwrap_or_else(PoisonError::into_inner));
        drop(servers);
    }
    static ONCE: Once = Once::new();
    #[allow(
        unsafe_code,
        reason = "the test runner leaves through exit(), which only C's handlers see"
    )]
    ONCE.call_once(|| {
        // SAFETY: the handler takes no argument and does not unwind.
        unsafe { libc::atexit(stop) };
    });
}
