//! The operating system's name and home folder of whoever runs us.

use std::path::PathBuf;

/// An entry of the user database.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) home: Option<PathBuf>,
}

/// The entry of the effective user: libpq goes by that too, not by `$USER`, which anyone can set.
#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "the user database is only reachable through libc (nss, ldap)"
)]
pub(super) fn current() -> Option<Account> {
    use std::ffi::CStr;
    let mut entry = std::mem::MaybeUninit::<libc::passwd>::uninit();
    let mut found = std::ptr::null_mut();
    let mut buffer = vec![0; 16 * 1024];
    // SAFETY: every pointer outlives the call, and the buffer's own length is passed.
    let status = unsafe {
        libc::getpwuid_r(
            libc::geteuid(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &mut found,
        )
    };
    if status != 0 || found.is_null() {
        return None;
    }
    // SAFETY: the call succeeded, so the entry is filled and its strings live in `buffer`.
    let (name, home) = unsafe {
        let entry = entry.assume_init();
        (CStr::from_ptr(entry.pw_name), CStr::from_ptr(entry.pw_dir))
    };
    let home = home
        .to_str()
        .ok()
        .filter(|home| !home.is_empty())
        .map(PathBuf::from);
    Some(Account {
        name: name.to_str().ok()?.to_owned(),
        home,
    })
}

/// Elsewhere the environment has to do.
#[cfg(not(unix))]
pub(super) fn current() -> Option<Account> {
    let name = std::env::var("USERNAME").ok()?;
    Some(Account {
        name,
        home: std::env::var("USERPROFILE").ok().map(PathBuf::from),
    })
}
