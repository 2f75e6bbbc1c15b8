//! A cluster that was initdb'd once, to be copied for every server.

use super::binaries::Binaries;
use super::files::{self, Tally, copy_tree, give, make_folder};
use super::{SUPERUSER, os};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Small segments make the copy a third smaller; the rest is for speed and a fixed locale.
const FLAGS: [&str; 6] = [
    "--auth=trust",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
    "--no-instructions",
    "--wal-segsize=1",
];

/// Written last: a template that has it is complete, and it says how much a copy must have copied.
const SIZE_FILE: &str = "size";

/// Copies the template for these binaries to `target`, making the template first where there is none.
pub(super) fn copy(cache: &Path, binaries: &Binaries, target: &Path) -> Result<()> {
    let template = cache.join("template").join(key(binaries));
    for _ in 0..3 {
        let size = match recorded(&template) {
            Some(size) => size,
            None => make(&template, binaries)?,
        };
        let copied = copy_tree(&template.join("data"), target, binaries.run_as.owner());
        if copied.as_ref().is_ok_and(|copied| *copied == size) {
            return Ok(());
        }
        if files::tally(&template.join("data")).is_ok_and(|found| found == size) {
            // The template is whole, so the fault is on the other side: a full disk, say.
            copied.context("cannot copy the prepared cluster")?;
        }
        // Something that tidies caches has been at it.
        files::remove(target).with_context(|| format!("cannot remove {}", target.display()))?;
        discard(&template)?;
    }
    bail!("cannot copy the prepared cluster {}", template.display())
}

/// The name of a template: the same for whatever gives the same cluster.
///
/// The path and age of the binary are in it because two builds of one version may differ in what
/// initdb writes (collations above all), and packages are upgraded in place.
fn key(binaries: &Binaries) -> String {
    let postgres = binaries.program("postgres");
    let age = fs::metadata(&postgres)
        .and_then(|found| found.modified())
        .ok();
    let digest = Sha256::digest(format!(
        "{} {FLAGS:?} {SUPERUSER} {} {age:?} {}",
        binaries.version.full,
        postgres.display(),
        binaries.run_as.uid
    ));
    let hash: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}-{}-{hash}", binaries.version.number, os::euid())
}

fn beside(template: &Path, suffix: &str) -> PathBuf {
    // Not with_extension: the name has the dot of a version in it.
    let name = template.file_name().unwrap_or_default().to_string_lossy();
    template.with_file_name(format!("{name}.{suffix}"))
}

fn recorded(template: &Path) -> Option<Tally> {
    let text = fs::read_to_string(template.join(SIZE_FILE)).ok()?;
    let (files, bytes) = text.trim().split_once(' ')?;
    Some(Tally {
        files: files.parse().ok()?,
        bytes: bytes.parse().ok()?,
    })
}

/// Makes the template; where another process is at it, waits for that one instead.
fn make(template: &Path, binaries: &Binaries) -> Result<Tally> {
    let lock = File::create(beside(template, "lock")).context("cannot write to the cache")?;
    lock.lock().context("cannot lock the cache")?;
    if let Some(size) = recorded(template) {
        return Ok(size);
    }
    // What is there without its size was left by a process that was killed while removing it.
    discard(template)?;
    let unborn = beside(template, &format!("new-{}", files::random_name()));
    let made = fill(&unborn, binaries).and_then(|size| {
        fs::rename(&unborn, template).context("cannot name the prepared cluster")?;
        Ok(size)
    });
    if made.is_err() {
        let _ = files::remove(&unborn);
    }
    made
}

fn fill(unborn: &Path, binaries: &Binaries) -> Result<Tally> {
    let user = &binaries.run_as;
    make_folder(unborn, 0o700, user.owner())?;
    let data = unborn.join("data");
    let output = user
        .command(&binaries.program("initdb"))
        .arg("--pgdata")
        .arg(&data)
        .args(["--username", SUPERUSER])
        .args(FLAGS)
        .output()
        .context("cannot run initdb")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "initdb failed as {user} ({}): {}",
            output.status,
            said.trim()
        );
    }
    if user.owner().is_some() {
        // From here on the server's user cannot put anything in that we would copy as root.
        give(unborn, (os::euid(), os::egid())).context("cannot take the prepared cluster")?;
    }
    let size = files::tally(&data).context("cannot read the prepared cluster")?;
    fs::write(
        unborn.join(SIZE_FILE),
        format!("{} {}\n", size.files, size.bytes),
    )
    .context("cannot write to the cache")?;
    Ok(size)
}

/// Removes a template under another name first, so that nobody copies half of it.
fn discard(template: &Path) -> Result<()> {
    let old = beside(template, &format!("old-{}", files::random_name()));
    match fs::rename(template, &old) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        renamed => renamed.context("cannot rename a prepared cluster")?,
    }
    files::remove(&old).context("cannot remove a prepared cluster")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::find_all;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_template_that_lost_a_file_is_made_again() {
        let Some(binaries) = find_all().pop() else {
            eprintln!("skipped: no PostgreSQL server programs on this machine");
            return;
        };
        let cache = Path::new("/tmp").join(format!("template-{}", files::random_name()));
        fs::create_dir_all(cache.join("template")).unwrap();
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).unwrap();
        copy(&cache, &binaries, &cache.join("one")).unwrap();
        let control = cache
            .join("template")
            .join(key(&binaries))
            .join("data/global/pg_control");
        fs::remove_file(&control).unwrap();
        copy(&cache, &binaries, &cache.join("two")).unwrap();
        assert!(control.exists() && cache.join("two/global/pg_control").exists());
        let age = |copy: &str| fs::read(cache.join(copy).join("global/pg_control")).unwrap();
        assert_ne!(
            age("one"),
            age("two"),
            "another initdb gives another system identifier"
        );
        let left = fs::read_dir(cache.join("template")).unwrap().count();
        assert_eq!(left, 2, "the template and its lock, nothing half made");
        fs::remove_dir_all(&cache).unwrap();
    }

    #[test]
    fn a_copy_that_cannot_be_written_does_not_blame_the_template() {
        let Some(binaries) = find_all().pop() else {
            eprintln!("skipped: no PostgreSQL server programs on this machine");
            return;
        };
        let cache = crate::sandbox::cache::folder(&binaries.run_as).unwrap();
        copy(&cache, &binaries, Path::new("/nonexistent/data")).unwrap_err();
        assert!(recorded(&cache.join("template").join(key(&binaries))).is_some());
    }
}
