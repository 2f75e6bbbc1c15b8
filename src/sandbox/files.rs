//! Copying, handing over and removing folders.

use anyhow::{Context, Result, bail};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown, lchown};
use std::path::Path;

/// How much a copy copied: a template that lost files is noticed by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// A short random name part.
pub(super) fn random_name() -> String {
    format!("{:08x}", rand::random::<u32>())
}

/// Makes a folder that did not exist, with exactly this mode and owner.
pub(super) fn make_folder(path: &Path, mode: u32, owner: Option<(u32, u32)>) -> Result<()> {
    let made = fs::DirBuilder::new().mode(0o700).create(path);
    made.with_context(|| format!("cannot make the folder {}", path.display()))?;
    if let Some((uid, gid)) = owner {
        chown(path, Some(uid), Some(gid))
            .with_context(|| format!("cannot give {} to user id {uid}", path.display()))?;
    }
    // Not through the builder: the umask would take bits away.
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, content: &[u8], owner: Option<(u32, u32)>) -> Result<()> {
    let write = || -> io::Result<()> {
        fs::write(path, content)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        owner.map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)))
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Copies a folder of files and folders, and gives the copy to `owner`.
///
/// Anything else in it (a link, a socket) is refused: as root, following a link that an
/// unprivileged user planted would hand that user a file of root's.
pub(super) fn copy_tree(from: &Path, to: &Path, owner: Option<(u32, u32)>) -> Result<Tally> {
    make_folder(to, 0o700, owner)?;
    let mut tally = Tally::default();
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let below = copy_tree(&source, &target, owner)?;
            tally.files += below.files;
            tally.bytes += below.bytes;
        } else if kind.is_file() {
            let bytes = fs::copy(&source, &target)
                .with_context(|| format!("cannot copy {}", source.display()))?;
            if let Some((uid, gid)) = owner {
                chown(&target, Some(uid), Some(gid))
                    .with_context(|| format!("cannot give {} away", target.display()))?;
            }
            tally.files += 1;
            tally.bytes += bytes;
        } else {
            bail!("{} is neither a file nor a folder", source.display());
        }
    }
    Ok(tally)
}

/// Gives a whole folder to a user, links themselves and not what they point to.
pub(super) fn give(path: &Path, (uid, gid): (u32, u32)) -> io::Result<()> {
    lchown(path, Some(uid), Some(gid))?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), (uid, gid))?;
        }
    }
    Ok(())
}

/// Counts what [`copy_tree`] would copy.
pub(super) fn tally(path: &Path) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let found = entry.metadata()?;
        if found.is_dir() {
            let below = self::tally(&entry.path())?;
            tally.files += below.files;
            tally.bytes += below.bytes;
        } else {
            tally.files += 1;
            tally.bytes += found.len();
        }
    }
    Ok(tally)
}

/// Removes a folder; that it is gone already is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
