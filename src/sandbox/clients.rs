//! Finds PostgreSQL's client programs, such as `pg_dump`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::binaries::{Version, Wanted};
use super::places::places;

/// Finds a program that can read a server of this major version: the oldest that is not older,
/// beside the server programs first.
///
/// # Errors
/// There is none: the message says what was looked at and what to install.
pub fn client(name: &str, major: u32, beside: &Path, wanted: &Wanted) -> Result<PathBuf> {
    let mut folders = vec![beside.to_path_buf()];
    folders.extend(places(wanted)?);
    let path = env::var_os("PATH").unwrap_or_default();
    folders.extend(env::split_paths(&path).filter(|dir| dir.is_absolute()));
    let mut seen = Vec::new();
    let mut found: Vec<(u32, usize, PathBuf)> = Vec::new();
    let mut older = Vec::new();
    for (nth, folder) in folders.iter().enumerate() {
        let program = folder.join(name);
        if seen.contains(&program) || !program.is_file() {
            continue;
        }
        seen.push(program.clone());
        match version(&program) {
            Some(version) if version.major >= major => found.push((version.major, nth, program)),
            Some(version) => older.push(format!("{} is {}", program.display(), version.number)),
            None => older.push(format!("{} does not run", program.display())),
        }
    }
    if let Some((_, _, program)) = found.into_iter().min() {
        return Ok(program);
    }
    let seen = match older.is_empty() {
        true => "none was found".to_owned(),
        false => older.join(", "),
    };
    bail!(
        "{name} of PostgreSQL {major} or newer is needed to read the server: {seen}; install it \
         (Debian, Ubuntu: apt-get install postgresql-client-{major}) or name its folder with --pg-bin"
    )
}

fn version(program: &Path) -> Option<Version> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    Version::parse(&String::from_utf8_lossy(&output.stdout))
}
