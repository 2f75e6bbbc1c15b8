//! The system calls that std does not offer, each in a function of its own.

use std::io;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Immediate shutdown, in PostgreSQL's reading of the signal.
pub(super) const QUIT: i32 = libc::SIGQUIT;
/// The end of a process that did not listen.
pub(super) const KILL: i32 = libc::SIGKILL;

/// The effective user id of this process.
#[allow(
    unsafe_code,
    reason = "std has no geteuid; the call takes nothing and cannot fail"
)]
pub(super) fn euid() -> u32 {
    // SAFETY: no arguments, no failure, no memory involved.
    unsafe { libc::geteuid() }
}

/// The effective group id of this process.
#[allow(
    unsafe_code,
    reason = "std has no getegid; the call takes nothing and cannot fail"
)]
pub(super) fn egid() -> u32 {
    // SAFETY: no arguments, no failure, no memory involved.
    unsafe { libc::getegid() }
}

/// Sends a signal; false where there is no such process.
#[allow(
    unsafe_code,
    reason = "std can only send SIGKILL, and only to its own children"
)]
pub(super) fn signal(pid: u32, signal: i32) -> bool {
    // Zero and negative ids mean whole groups to kill(2): never let one through.
    let Some(pid) = i32::try_from(pid).ok().filter(|pid| *pid > 1) else {
        return false;
    };
    // SAFETY: kill takes two integers and touches no memory of ours.
    unsafe { libc::kill(pid, signal) == 0 }
}

/// Whether a process with this id exists (also one that belongs to somebody else).
pub(super) fn alive(pid: u32) -> bool {
    signal(pid, 0) || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Free bytes of a folder that is kept in memory; `None` where it is on a disk.
#[cfg(target_os = "linux")]
#[allow(
    unsafe_code,
    reason = "std does not tell file system types or free space"
)]
pub(super) fn memory_folder_free(path: &Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut stats = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: `name` ends with a nul byte and lives through the call; `stats` is only read after
    // the call said that it filled it.
    let stats = unsafe {
        if libc::statfs(name.as_ptr(), stats.as_mut_ptr()) != 0 {
            return None;
        }
        stats.assume_init()
    };
    let block = u64::try_from(stats.f_bsize).ok()?;
    // These two have different types with different C libraries.
    let in_memory = i128::from(stats.f_type) == i128::from(libc::TMPFS_MAGIC);
    in_memory.then(|| stats.f_bavail.saturating_mul(block))
}

/// Free bytes of a folder that is kept in memory: there is none on this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn memory_folder_free(_path: &Path) -> Option<u64> {
    None
}

/// What happens to a server when this process ends.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// It ends too, whatever ended us (Linux; elsewhere [`super::sweep`] ends it later).
    DieWithUs,
    /// It stays, and holds this descriptor (and the lock on it) open as long as it runs.
    Survive(RawFd),
}

/// Arranges the fate of a child before it becomes the server.
///
/// The signal fires when the *thread* that spawned the child ends, so it has to be spawned by one
/// that lives as long as the process: see `spawn`.
#[allow(
    unsafe_code,
    reason = "the death signal has to be asked for between fork and exec"
)]
pub(super) fn arrange(command: &mut Command, fate: Fate) {
    let parent = std::process::id();
    // SAFETY: the closure only makes system calls that are safe after a fork (prctl, getppid,
    // fcntl) and allocates nothing.
    unsafe {
        command.pre_exec(move || match fate {
            Fate::DieWithUs => die_with(parent),
            Fate::Survive(descriptor) => match libc::fcntl(descriptor, libc::F_SETFD, 0) {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            },
        });
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "std has no prctl")]
fn die_with(parent: u32) -> io::Result<()> {
    // SAFETY: integers only.
    unsafe {
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGQUIT, 0, 0, 0) == -1 {
            return Err(io::Error::last_os_error());
        }
        // The parent may have died before the request: then no signal will ever come.
        if u32::try_from(libc::getppid()) != Ok(parent) {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn die_with(_parent: u32) -> io::Result<()> {
    Ok(())
}
