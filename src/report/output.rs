//! Where a report goes: stdout, or a file that appears only when it is complete.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// An open destination. Nothing of a file is visible under its name before [`Output::write`].
pub struct Output(Kind);

enum Kind {
    Stdout,
    File {
        temporary: PathBuf,
        target: PathBuf,
        file: File,
    },
}

impl Output {
    /// Opens the destination before any work is done, so that a bad path fails early.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let Some(target) = path else {
            return Ok(Self(Kind::Stdout));
        };
        let name = target.file_name().with_context(|| {
            format!(
                "cannot write the report to {}: not a file name",
                target.display()
            )
        })?;
        // A device such as /dev/full cannot be replaced, only written to.
        let special = std::fs::metadata(target).is_ok_and(|meta| !meta.is_file());
        let temporary = if special {
            target.to_path_buf()
        } else {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}", std::process::id()));
            target.with_file_name(hidden)
        };
        let file = File::options()
            .write(true)
            .create(!special)
            .truncate(!special)
            .open(&temporary)
            .with_context(|| format!("cannot write the report to {}", target.display()))?;
        Ok(Self(Kind::File {
            temporary,
            target: target.to_path_buf(),
            file,
        }))
    }

    /// Whether people will read it in a terminal: then tables fit it and may have colours.
    pub fn is_terminal(&self) -> bool {
        matches!(self.0, Kind::Stdout) && io::IsTerminal::is_terminal(&io::stdout())
    }

    /// Whether it is a file: then colours are never wanted.
    pub fn is_file(&self) -> bool {
        matches!(self.0, Kind::File { .. })
    }

    /// Writes the whole report at once.
    ///
    /// A reader that closed the pipe has read enough: the verdict stands, in the exit code.
    ///
    /// # Errors
    /// It could not be written: no space, for one. An old file is still there then.
    pub fn write(mut self, text: &str) -> Result<()> {
        match &mut self.0 {
            Kind::Stdout => {
                let mut out = io::stdout().lock();
                match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    other => other.context("cannot write the report to stdout"),
                }
            }
            Kind::File {
                temporary,
                target,
                file,
            } => {
                let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
                let moved = written.and_then(|()| {
                    if temporary == target {
                        Ok(())
                    } else {
                        std::fs::rename(&*temporary, &*target)
                    }
                });
                moved.with_context(|| format!("cannot write the report to {}", target.display()))
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Kind::File {
            temporary, target, ..
        } = &self.0
            && temporary != target
        {
            // Gone already where the report was written.
            let _ = std::fs::remove_file(temporary);
        }
    }
}
