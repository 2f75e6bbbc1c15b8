//! A folder that belongs to a running process, and the removal of those whose process is gone.
//!
//! The claim is a file lock, which the kernel lets go of when its holder ends, however it ends.
//! Process ids would lie here: they are reused, and mean something else in another container that
//! shares the folder. A kept server inherits the lock and so claims its folder by itself.

use super::files::{self, make_folder};
use super::os;
use super::user::RunAs;
use anyhow::{Context, Result, bail};
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// The shortest limit on a socket's path among the systems we run on, without the final nul.
const SOCKET_PATH_LIMIT: usize = 103;
/// What a server's folder may grow to in ordinary use; less free memory than that, and it goes to disk.
const MEMORY_NEEDED: u64 = 256 * 1024 * 1024;
/// After this long a folder that never got its claim, or lost it while being removed, is a leftover.
const ABANDONED: Duration = Duration::from_secs(600);

const OWNER_FILE: &str = "owner";

/// A folder that is ours as long as the lock is held.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    lock: File,
}

impl Claim {
    /// Makes a new folder that `user` can reach; in memory where `lasting` does not forbid it.
    pub(super) fn new(user: &RunAs, lasting: bool) -> Result<Self> {
        let mut refused = Vec::new();
        for base in bases(lasting) {
            match Self::below(&base, user) {
                Ok(claim) => return Ok(claim),
                Err(error) => refused.push(format!("{}: {error:#}", base.display())),
            }
        }
        bail!(
            "found no folder for a server ({}); set TMPDIR to one",
            refused.join("; ")
        )
    }

    fn below(base: &Path, user: &RunAs) -> Result<Self> {
        let base = base.canonicalize()?;
        let name = format!("{}{}", prefix(), files::random_name());
        let path = base.join(&name);
        if path.as_os_str().len() + "/socket/.s.PGSQL.65535".len() > SOCKET_PATH_LIMIT {
            bail!("the path is too long for a socket");
        }
        if !user.reaches(&base) {
            bail!("{user} cannot reach it");
        }
        // Under its final name only once it is locked: a sweep of another process, which could
        // otherwise take it for a leftover, does not look at hidden names this young.
        let unborn = base.join(format!(".{name}"));
        let owner = user.owner().map(|(_, gid)| (os::euid(), gid));
        make_folder(&unborn, if owner.is_some() { 0o710 } else { 0o700 }, owner)?;
        let claimed = || -> io::Result<File> {
            let lock = File::create(unborn.join(OWNER_FILE))?;
            lock.lock()?;
            fs::rename(&unborn, &path)?;
            Ok(lock)
        };
        match claimed() {
            Ok(lock) => Ok(Self { path, lock }),
            Err(error) => {
                let _ = files::remove(&unborn);
                Err(error).context("cannot claim a folder")
            }
        }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor of the lock, for a server that is to outlive us.
    pub(super) fn descriptor(&self) -> RawFd {
        self.lock.as_raw_fd()
    }

    /// Removes the folder and lets go of the lock.
    pub(super) fn remove(self) -> Result<()> {
        remove(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

/// Where the cluster of a claimed folder is.
pub(super) fn data_of(claim: &Path) -> PathBuf {
    claim.join("data")
}

fn prefix() -> String {
    format!("tenantctl-{}-", os::euid())
}

fn bases(lasting: bool) -> Vec<PathBuf> {
    let mut bases = Vec::new();
    let memory = Path::new("/dev/shm");
    // A kept server may outlive the login session, and some systems clear this folder at its end.
    if !lasting && os::memory_folder_free(memory).is_some_and(|free| free >= MEMORY_NEEDED) {
        bases.push(memory.to_path_buf());
    }
    bases.push(std::env::temp_dir());
    bases.push(PathBuf::from("/tmp"));
    bases.dedup();
    bases
}

/// Removes what runs that were killed left behind: their servers, their folders.
///
/// Safe beside processes that are just starting; what belongs to other users is left alone.
pub fn sweep() {
    let mut bases = vec![
        PathBuf::from("/dev/shm"),
        std::env::temp_dir(),
        PathBuf::from("/tmp"),
    ];
    bases.dedup();
    for base in bases {
        sweep_folder(&base);
    }
}

pub(super) fn sweep_folder(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    let prefix = prefix();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let hidden = name
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(&prefix));
        if !hidden && !name.starts_with(&prefix) {
            continue;
        }
        // Somebody else may make a folder of our name in a folder that is everybody's.
        let Ok(found) = fs::symlink_metadata(entry.path()) else {
            continue;
        };
        if found.is_dir() && found.uid() == os::euid() {
            clear(&entry.path(), hidden, &found);
        }
    }
}

fn clear(path: &Path, hidden: bool, found: &fs::Metadata) {
    let aged = |time: SystemTime| time.elapsed().is_ok_and(|age| age > ABANDONED);
    let abandoned = found.modified().is_ok_and(aged);
    let lock = File::open(path.join(OWNER_FILE));
    match &lock {
        _ if hidden && !abandoned => return,
        Ok(lock) => match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return,
        },
        Err(_) if !abandoned => return,
        Err(_) => {}
    }
    end_orphan(path);
    let _ = remove(path);
}

/// Ends a server whose owner is gone: where there is no death signal, or it has not worked yet.
fn end_orphan(claim: &Path) {
    let data = data_of(claim);
    let Some(pid) = recorded_pid(&data) else {
        return;
    };
    if !os::alive(pid) || !runs_on(pid, &data) {
        return;
    }
    os::signal(pid, os::QUIT);
    let deadline = Instant::now() + Duration::from_secs(6);
    while os::alive(pid) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The process id that a server wrote into its data folder.
fn recorded_pid(data: &Path) -> Option<u32> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// Whether the process was started on this data folder: its id may be another's by now.
fn runs_on(pid: u32, data: &Path) -> bool {
    let listed = Command::new("ps")
        .args(["-ww", "-o", "args=", "-p", &pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let shown = match listed {
        Ok(output) => output.stdout,
        // Slim containers have no ps; where there is /proc, that will do.
        Err(_) => fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default(),
    };
    String::from_utf8_lossy(&shown).contains(&*data.to_string_lossy())
}

fn remove(path: &Path) -> io::Result<()> {
    // The lock's file goes last, so that a removal that was interrupted is taken up by a sweep.
    files::remove(&data_of(path))?;
    files::remove(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> PathBuf {
        let base = PathBuf::from("/tmp").join(format!("claim-{}", files::random_name()));
        fs::create_dir(&base).unwrap();
        base.canonicalize().unwrap()
    }

    fn myself() -> RunAs {
        RunAs {
            name: None,
            uid: os::euid(),
            gid: os::egid(),
        }
    }

    #[test]
    fn a_sweep_takes_what_nobody_holds_and_nothing_else() {
        let base = base();
        let held = Claim::below(&base, &myself()).unwrap();
        let dropped = Claim::below(&base, &myself()).unwrap();
        let (kept, gone) = (held.path().to_path_buf(), dropped.path().to_path_buf());
        fs::create_dir_all(data_of(&gone).join("base")).unwrap();
        let young = base.join(format!(".{}unborn", prefix()));
        let unlocked = base.join(format!("{}unlocked", prefix()));
        let foreign = base.join("tenantctl-cache-0");
        for folder in [&young, &unlocked, &foreign] {
            fs::create_dir(folder).unwrap();
        }
        drop(dropped);
        let deadline = Instant::now() + Duration::from_secs(5);
        // The child of another test's thread may hold a copy of the lock until it becomes its program.
        while gone.exists() && Instant::now() < deadline {
            sweep_folder(&base);
        }
        assert!(kept.exists(), "a held folder stays");
        assert!(!gone.exists(), "a folder whose owner is gone goes");
        assert!(
            young.exists() && unlocked.exists(),
            "too young to be leftovers"
        );
        assert!(foreign.exists(), "not one of ours");
        held.remove().unwrap();
        assert!(!kept.exists());
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_refused() {
        let base = base();
        let long = base.join("x".repeat(80));
        fs::create_dir(&long).unwrap();
        let refused = Claim::below(&long, &myself()).unwrap_err();
        assert_eq!(refused.to_string(), "the path is too long for a socket");
        fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_link_of_our_name_is_not_followed() {
        let base = base();
        let target = base.join("precious");
        fs::create_dir(&target).unwrap();
        let link = base.join(format!("{}link", prefix()));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        sweep_folder(&base);
        assert!(target.exists() && link.exists());
        fs::remove_dir_all(&base).unwrap();
    }
}
