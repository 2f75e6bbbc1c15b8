//! The folder that outlives a run: initdb'd templates and fetched server binaries.

use super::os;
use super::user::RunAs;
use anyhow::{Result, bail};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where a cache may be, best first.
pub(super) fn candidates() -> Vec<PathBuf> {
    candidates_for(os::euid(), &|name| env::var_os(name))
}

fn candidates_for(euid: u32, var: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name: &str| {
        var(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let usual = if let Some(named) = folder("TENANTCTL_CACHE") {
        Some(named)
    } else if euid == 0 {
        // The server's user has to get there, and root's home is closed to it.
        Some(PathBuf::from("/var/cache/tenantctl"))
    } else {
        folder("XDG_CACHE_HOME")
            .or_else(|| folder("HOME").map(|home| home.join(".cache")))
            .map(|cache| cache.join("tenantctl"))
    };
    let temporary = folder("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"));
    usual
        .into_iter()
        .chain([temporary.join(format!("tenantctl-cache-{euid}"))])
        .collect()
}

/// The cache to write to: the first that can be made and that `user` can reach.
pub(super) fn folder(user: &RunAs) -> Result<PathBuf> {
    let mut refused = Vec::new();
    for path in candidates() {
        match prepare(&path) {
            Ok(()) if !user.reaches(&path) => {
                refused.push(format!("{}: {user} cannot reach it", path.display()));
            }
            Ok(()) => return Ok(path.canonicalize()?),
            Err(error) => refused.push(format!("{}: {error:#}", path.display())),
        }
    }
    bail!(
        "found no folder for a cache ({}); set TENANTCTL_CACHE to one",
        refused.join("; ")
    )
}

fn prepare(path: &Path) -> Result<()> {
    for folder in [
        path.to_path_buf(),
        path.join("template"),
        path.join("postgres"),
    ] {
        create(&folder)?;
        if !ours(&folder) {
            bail!("others may write to {}", folder.display());
        }
    }
    let probe = path.join(format!(".probe-{}", super::files::random_name()));
    fs::write(&probe, b"")?;
    Ok(fs::remove_file(&probe)?)
}

/// Makes a folder and what is missing above it, open to the server's user whatever the umask.
fn create(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create(parent)?;
    }
    match fs::DirBuilder::new().mode(0o755).create(folder) {
        // Another process that starts at the same time.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    Ok(fs::set_permissions(
        folder,
        fs::Permissions::from_mode(0o755),
    )?)
}

/// Whether what is in this folder can only come from us, from root, or from our group:
/// programs are run from it.
pub(super) fn ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| {
        found.is_dir()
            && (found.uid() == os::euid() || found.uid() == 0)
            && found.mode() & 0o002 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under(euid: u32, vars: &[(&str, &str)]) -> Vec<String> {
        let var = |name: &str| {
            vars.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| OsString::from(value))
        };
        candidates_for(euid, &var)
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn the_cache_is_where_its_user_expects_it() {
        let home = [("HOME", "/home/a")];
        assert_eq!(
            under(7, &home),
            ["/home/a/.cache/tenantctl", "/tmp/tenantctl-cache-7"]
        );
        let xdg = [
            ("HOME", "/home/a"),
            ("XDG_CACHE_HOME", "/x"),
            ("TMPDIR", "/t"),
        ];
        assert_eq!(under(7, &xdg), ["/x/tenantctl", "/t/tenantctl-cache-7"]);
        assert_eq!(
            under(0, &xdg),
            ["/var/cache/tenantctl", "/t/tenantctl-cache-0"]
        );
        assert_eq!(under(0, &[("TENANTCTL_CACHE", "/c")])[0], "/c");
        assert_eq!(
            under(7, &[("XDG_CACHE_HOME", "relative")]),
            ["/tmp/tenantctl-cache-7"]
        );
    }

    #[test]
    fn a_folder_that_everybody_may_write_to_is_not_ours() {
        let folder =
            PathBuf::from("/tmp").join(format!("ours-{}", super::super::files::random_name()));
        fs::create_dir(&folder).unwrap();
        for (mode, expected) in [(0o755, true), (0o777, false)] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(ours(&folder), expected);
        }
        fs::remove_dir(&folder).unwrap();
    }
}
