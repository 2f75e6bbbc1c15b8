//! Where a new password comes from and where it goes: never through an argument.

use std::cell::RefCell;
use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::exit::usage;
use crate::role::password::{self, Kept};
use crate::secret::{ExposeSecret, SecretString};

/// Without options the password is generated and printed once.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Read the new password from stdin
    #[arg(long, conflicts_with = "password_file")]
    password_stdin: bool,
    /// Read the new password from FILE
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Write the new password to FILE, readable by you alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    write_password: Option<PathBuf>,
    /// Replace the file of --write-password
    #[arg(long, requires = "write_password")]
    force: bool,
}

/// A new password on its way to the server.
pub(super) struct New {
    secret: SecretString,
    generated: bool,
    kept: RefCell<Option<Kept>>,
    file: Option<PathBuf>,
}

impl Options {
    /// Whether the user thought of a password at all.
    pub(super) fn given(&self) -> bool {
        self.password_stdin || self.password_file.is_some() || self.write_password.is_some()
    }

    pub(super) fn reads_stdin(&self) -> bool {
        self.password_stdin
    }

    /// Reads or makes the password, and writes it where it is to be kept.
    pub(super) fn obtain(&self) -> Result<New> {
        let read = if self.password_stdin {
            Some(password::read(&mut std::io::stdin().lock(), "stdin")?)
        } else if let Some(path) = &self.password_file {
            let name = path.display().to_string();
            let mut file =
                File::open(path).map_err(|error| usage(format!("cannot read {name}: {error}")))?;
            Some(password::read(&mut file, &name)?)
        } else {
            None
        };
        let generated = read.is_none();
        let secret = read.unwrap_or_else(password::generate);
        let kept = match &self.write_password {
            Some(path) => Some(Kept::write(path, &secret, self.force)?),
            None => None,
        };
        Ok(New {
            secret,
            generated,
            kept: RefCell::new(kept),
            file: self.write_password.clone(),
        })
    }
}

impl New {
    pub(super) fn verifier(&self) -> SecretString {
        password::verifier(&self.secret)
    }

    /// The role has it: the line to print, with the password only where it is kept nowhere else.
    pub(super) fn finish(self) -> Result<String> {
        if let Some(kept) = self.kept.into_inner() {
            kept.keep().context("cannot keep the password")?;
        }
        Ok(match (&self.file, self.generated) {
            (Some(path), _) => format!("password: in {}\n", path.display()),
            (None, true) => format!("password: {}\n", self.secret.expose_secret()),
            (None, false) => String::new(),
        })
    }

    /// Nobody knows whether the role has it: says where it can be found, if anywhere.
    pub(super) fn leave(&self) -> String {
        match self.kept.borrow_mut().take() {
            Some(kept) => format!("; the new one is in {}", kept.leave().display()),
            None => "; rotate it again".to_owned(),
        }
    }
}
