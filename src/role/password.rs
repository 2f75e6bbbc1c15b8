//! Passwords: made or read here, and turned into a SCRAM verifier before anything leaves.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rand::seq::IndexedRandom;

use crate::exit::usage;
use crate::secret::{ExposeSecret, SecretString};

/// No two that look alike, none that a URL or a shell takes for its own.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_";

/// 28 of 58 characters: 164 bits.
const LENGTH: usize = 28;

/// A password of a size that no file needs.
const MAX_BYTES: u64 = 4096;

/// A new password.
pub fn generate() -> SecretString {
    let mut rng = rand::rng();
    (0..LENGTH)
        .filter_map(|_| ALPHABET.choose(&mut rng))
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .into()
}

/// The password on stdin or in a file: its first line.
///
/// # Errors
/// It cannot be read, or is empty, or is more than a line.
pub fn read(from: &mut dyn Read, name: &str) -> Result<SecretString> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read the password from {name}"))?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(usage(format!("the password from {name} is not UTF-8")));
    };
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let problem = if line.is_empty() {
        "is empty"
    } else if line.len() as u64 > MAX_BYTES {
        "is longer than 4096 bytes"
    } else if line.contains(['\n', '\0']) {
        "has more than one line or a NUL byte"
    } else {
        return Ok(line.to_owned().into());
    };
    Err(usage(format!("the password from {name} {problem}")))
}

/// What the server is given instead of the password.
pub fn verifier(password: &SecretString) -> SecretString {
    postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes()).into()
}

/// A file that holds a new password. It is complete before the role is changed, so that no
/// password is ever lost, and goes away again when the change is known to have failed.
pub struct Kept {
    target: PathBuf,
    /// Where it is until [`Kept::keep`], when an older file is to be replaced.
    written: PathBuf,
    done: bool,
}

impl Kept {
    /// Writes the file, readable by its owner alone.
    ///
    /// # Errors
    /// There is one already and `force` is off, or it cannot be written.
    pub fn write(target: &Path, password: &SecretString, force: bool) -> Result<Self> {
        let exists = target.symlink_metadata().is_ok();
        if exists && !force {
            return Err(usage(format!(
                "{} exists; --force replaces it",
                target.display()
            )));
        }
        let written = if exists {
            let Some(name) = target.file_name() else {
                bail!("{} is not a file's name", target.display());
            };
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}", std::process::id()));
            target.with_file_name(hidden)
        } else {
            target.to_path_buf()
        };
        let write = || -> std::io::Result<()> {
            let mut file: File = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&written)?;
            writeln!(file, "{}", password.expose_secret())?;
            file.sync_all()
        };
        write().with_context(|| format!("cannot write the password to {}", target.display()))?;
        Ok(Self {
            target: target.to_path_buf(),
            written,
            done: false,
        })
    }

    /// The role has the password now.
    ///
    /// # Errors
    /// The older file cannot be replaced; the message says where the new one is.
    pub fn keep(mut self) -> Result<()> {
        self.done = true;
        if self.written == self.target {
            return Ok(());
        }
        std::fs::rename(&self.written, &self.target).with_context(|| {
            format!(
                "the role has its new password, which is in {}; it cannot be moved to {}",
                self.written.display(),
                self.target.display()
            )
        })
    }

    /// Nobody knows whether the role has the password: both files stay.
    pub fn leave(mut self) -> PathBuf {
        self.done = true;
        self.written.clone()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.done {
            // The role never got it; a file left behind would only mislead.
            let _ = std::fs::remove_file(&self.written);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn generated_ones_are_long_and_differ() {
        let made: BTreeSet<String> = (0..50)
            .map(|_| generate().expose_secret().to_owned())
            .collect();
        assert_eq!(made.len(), 50);
        assert!(made.iter().all(|one| one.len() == LENGTH));
    }

    #[test]
    fn one_line_end_is_taken_off() {
        let got = |text: &str| {
            read(&mut text.as_bytes(), "stdin").map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!(got("pä ss'\\\n").unwrap(), "pä ss'\\");
        assert_eq!(got("x\r\n").unwrap(), "x");
        assert_eq!(got(" x ").unwrap(), " x ");
        for bad in ["", "\n", "a\nb", "a\0b"] {
            assert!(got(bad).is_err(), "{bad:?}");
        }
        assert!(read(&mut &b"\xff"[..], "stdin").is_err());
    }

    #[test]
    fn the_verifier_does_not_hold_the_password() {
        let verifier = verifier(&"hunter2".to_owned().into());
        let text = verifier.expose_secret();
        assert!(text.starts_with("SCRAM-SHA-256$4096:"));
        assert!(!text.contains("hunter2"));
    }

    #[test]
    fn a_file_is_private_replaced_only_by_force_and_gone_after_a_failure() {
        use std::os::unix::fs::PermissionsExt;
        let folder =
            std::env::temp_dir().join(format!("tenantctl-password-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("app");
        let secret = |text: &str| SecretString::from(text.to_owned());
        Kept::write(&path, &secret("one"), false)
            .unwrap()
            .keep()
            .unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(Kept::write(&path, &secret("two"), false).is_err());
        drop(Kept::write(&path, &secret("two"), true).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
        Kept::write(&path, &secret("two"), true)
            .unwrap()
            .keep()
            .unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
        let other = folder.join("other");
        drop(Kept::write(&other, &secret("x"), false).unwrap());
        assert!(!other.exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
