//! The server itself: started, connected to, stopped or kept.

use super::binaries::{Binaries, Version, Wanted, obtain};
use super::claim::{Claim, data_of, sweep};
use super::launch::{end, free_port, launch, prepare};
use super::{Notice, SUPERUSER, cache};
use anyhow::{Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

/// How roles other than the superuser log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// With their password: a wrong one fails.
    #[default]
    Scram,
    /// Without one, the superuser over TCP included.
    Trust,
}

/// What kind of server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// This version, these programs.
    pub wanted: Wanted,
    /// Do not fetch programs where there are none.
    pub offline: bool,
    /// Listen on a free port of 127.0.0.1 as well.
    pub tcp: bool,
    /// How roles log in.
    pub auth: Auth,
    /// More settings, as with `postgres -c`; they win over our own.
    pub settings: Vec<(String, String)>,
    /// Lines for `pg_hba.conf`, before ours.
    pub hba: Vec<String>,
    /// Files for the data folder (a certificate, its key), private to the server's user.
    pub files: Vec<(String, Vec<u8>)>,
    /// Write enough WAL for standbys, and let them connect.
    pub replication: bool,
    /// The server may outlive this process: see [`Sandbox::keep`].
    pub keep: bool,
}

/// A running server that ends with this value.
///
/// Also after a panic; and on Linux with the process, however that ends. It is `Send`, so that a
/// test or a signal handler can own it; dropping it blocks for about 100 ms.
#[derive(Debug)]
pub struct Sandbox {
    child: Option<Child>,
    claim: Option<Claim>,
    place: Place,
    keep: bool,
}

/// Where a server is and what it is.
struct Place {
    directory: PathBuf,
    port: u16,
    tcp: bool,
    pid: u32,
    /// The superuser's, for TCP.
    password: Option<String>,
    binaries: Binaries,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not derived: the password stays out.
        f.debug_struct("Place")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// A server that goes on without us.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its process id.
    pub pid: u32,
    /// All that it wrote: `data`, `socket`, `log`.
    pub directory: PathBuf,
    /// How its superuser connects (the same as [`Sandbox::url`] of `postgres`).
    pub url: String,
    /// The shell command that ends it and removes its folder, for the user who runs us.
    pub stop: String,
}

impl Sandbox {
    /// Starts a server.
    ///
    /// # Errors
    /// When there are no server programs, or they do not start; the server's log is in the message.
    pub fn start(options: &Options, notice: Notice<'_>) -> Result<Self> {
        sweep();
        let binaries = obtain(&options.wanted, options.offline, notice)?;
        let cache = cache::folder(&binaries.run_as)?;
        let claim = Claim::new(&binaries.run_as, options.keep)?;
        let started = prepare(&claim, &cache, &binaries, options).and_then(|password| {
            let mut pick = || if options.tcp { free_port() } else { Ok(5432) };
            let (child, port) = launch(&claim, &binaries, options, &mut pick)?;
            Ok((child, port, password))
        });
        let (child, port, password) = match started {
            Ok(started) => started,
            Err(error) => {
                let _ = claim.remove();
                return Err(error);
            }
        };
        let (directory, pid) = (claim.path().to_path_buf(), child.id());
        let place = Place {
            directory,
            port,
            tcp: options.tcp,
            pid,
            password,
            binaries,
        };
        Ok(Self {
            child: Some(child),
            claim: Some(claim),
            place,
            keep: options.keep,
        })
    }

    /// The URL of a database for the superuser, over the socket.
    pub fn url(&self, database: &str) -> String {
        self.place.url(SUPERUSER, None, database)
    }

    /// The URL of a database for a role, over the socket.
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        self.place.url(role, Some(password), database)
    }

    /// The URL of a database for a role, over TCP; `None` where the server does not listen.
    pub fn tcp_url(&self, role: &str, password: &str, database: &str) -> Option<String> {
        let [role, password, database] = [role, password, database].map(percent);
        let port = self.place.port;
        self.place
            .tcp
            .then(|| format!("postgresql://{role}:{password}@127.0.0.1:{port}/{database}"))
    }

    /// The superuser's password, which TCP asks for.
    pub fn superuser_password(&self) -> Option<&str> {
        self.place.password.as_deref()
    }

    /// The folder of all that belongs to this server, ours to put files into; it goes with the
    /// server.
    pub fn directory(&self) -> &Path {
        &self.place.directory
    }

    /// The folder of the socket.
    pub fn socket_dir(&self) -> PathBuf {
        self.place.socket_dir()
    }

    /// The folder of the cluster. Its owner is the server's user.
    pub fn data_dir(&self) -> PathBuf {
        data_of(&self.place.directory)
    }

    /// The port, also part of the socket's name.
    pub fn port(&self) -> u16 {
        self.place.port
    }

    /// The server's version.
    pub fn version(&self) -> &Version {
        &self.place.binaries.version
    }

    /// The folder of the server's programs.
    pub fn bin_dir(&self) -> &Path {
        &self.place.binaries.dir
    }

    /// The programs, and the user who runs them.
    pub fn binaries(&self) -> &Binaries {
        &self.place.binaries
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.place.pid
    }

    /// All that the server logged so far.
    pub fn log(&self) -> String {
        read_log(&self.place.directory)
    }

    /// Ends the server and removes its folder, as dropping does, but says what went wrong.
    ///
    /// # Errors
    /// When it does not end, or its folder cannot be removed.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    /// Lets the server go on without us.
    ///
    /// # Errors
    /// When it was not started with [`Options::keep`]: then it would die with us.
    pub fn keep(mut self) -> Result<Kept> {
        ensure!(self.keep, "the server was not started to be kept");
        let Place { directory, pid, .. } = &self.place;
        let folder = directory.display().to_string().replace('\'', r"'\''");
        let kept = Kept {
            pid: *pid,
            url: self.url(SUPERUSER),
            stop: format!("kill -QUIT {pid}; sleep 1; rm -rf '{folder}'"),
            directory: directory.clone(),
        };
        // Neither ends anything by itself; the server holds the claim's lock too.
        self.child = None;
        self.claim = None;
        Ok(kept)
    }

    fn end(&mut self) -> Result<()> {
        let ended = self
            .child
            .take()
            .map_or(Ok(()), |mut child| end(&mut child));
        let removed = self.claim.take().map_or(Ok(()), Claim::remove);
        ended.and(removed)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Nobody is left to tell; `stop` is for those who want to know.
        let _ = self.end();
    }
}

impl Place {
    fn socket_dir(&self) -> PathBuf {
        self.directory.join("socket")
    }

    fn url(&self, role: &str, password: Option<&str>, database: &str) -> String {
        let host = percent(&self.socket_dir().to_string_lossy());
        let (role, database, port) = (percent(role), percent(database), self.port);
        let url = format!("postgresql:///{database}?host={host}&port={port}&user={role}");
        match password {
            Some(password) => format!("{url}&password={}", percent(password)),
            None => url,
        }
    }
}

/// All that the server in this folder logged.
pub(super) fn read_log(directory: &Path) -> String {
    let log = fs::read(directory.join("log")).unwrap_or_default();
    String::from_utf8_lossy(&log).into_owned()
}

/// Percent-encodes what is not plainly safe in a URL; a path keeps its slashes.
fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
