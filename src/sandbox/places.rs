//! Where server programs may be.

use super::binaries::Wanted;
use super::cache;
use crate::exit;
use anyhow::Result;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The folder that was named, by option or environment: an order, not a hint.
pub(super) fn explicit(wanted: &Wanted) -> Option<PathBuf> {
    let from_environment = || env::var_os("TENANTCTL_PG_BIN").filter(|dir| !dir.is_empty());
    wanted
        .pg_bin
        .clone()
        .or_else(|| from_environment().map(PathBuf::from))
}

/// Where to look, best first.
pub(super) fn places(wanted: &Wanted) -> Result<Vec<PathBuf>> {
    if let Some(dir) = explicit(wanted) {
        let inside = [dir.clone(), dir.join("bin")];
        return match inside.into_iter().find(|dir| dir.join("postgres").exists()) {
            Some(dir) => Ok(vec![dir.canonicalize()?]),
            None => Err(exit::usage(format!(
                "there is no postgres in {}",
                dir.display()
            ))),
        };
    }
    let mut places: Vec<PathBuf> = pg_config().into_iter().collect();
    let path = env::var_os("PATH").unwrap_or_default();
    places.extend(env::split_paths(&path).filter(|dir| dir.is_absolute()));
    for (parent, prefix, below) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/usr/libexec", "postgresql", "bin"),
        ("/usr/libexec", "postgresql", ""),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        places.extend(
            children(Path::new(parent), prefix)
                .into_iter()
                .map(|child| child.join(below)),
        );
    }
    places.push(PathBuf::from("/usr/local/pgsql/bin"));
    places.extend(fetched());
    Ok(places)
}

/// The server programs that were fetched before.
fn fetched() -> Vec<PathBuf> {
    let caches = cache::candidates()
        .into_iter()
        .map(|cache| cache.join("postgres"));
    let trusted = caches.filter(|folder| cache::ours(folder));
    trusted
        .flat_map(|folder| children(&folder, ""))
        .map(|child| child.join("bin"))
        .collect()
}

/// The folders in a folder whose names begin so, in a fixed order.
fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut children: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    children.sort();
    children
}

/// What `pg_config` says; asked once in a process, because Debian's is a script that takes 15 ms.
fn pg_config() -> Option<PathBuf> {
    static SAID: OnceLock<Option<PathBuf>> = OnceLock::new();
    SAID.get_or_init(ask_pg_config).clone()
}

fn ask_pg_config() -> Option<PathBuf> {
    let mut command = Command::new("pg_config");
    let output = command
        .arg("--bindir")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let dir = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    (output.status.success() && dir.is_absolute()).then_some(dir)
}
