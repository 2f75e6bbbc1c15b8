//! The record of canaries that are committed: written and synced before the server is told to
//! commit, so that the next run finds what a killed one left.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::catalog::Oid;

/// One row: where it is, and a condition that no other row fulfils.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trace {
    pub(super) oid: Oid,
    /// The table as SQL.
    pub(super) table: String,
    /// On rows `x` of it.
    pub(super) condition: String,
}

/// The rows of one transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) number: usize,
    /// Its 64-bit id: the server knows whether it was committed.
    pub(super) transaction: String,
    pub(super) rows: Vec<Trace>,
}

/// Which database it is, whatever it is called and however it is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// `system_identifier` of `pg_control_system()`.
    pub(super) system: String,
    pub(super) database_oid: Oid,
    pub(super) database: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Database(Identity),
    Made(Entry),
    Removed(usize),
}

/// A journal that is open for writing; nobody else takes it for a leftover while it is.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// What is recorded and not removed.
    pub(super) entries: Vec<Entry>,
    next: usize,
}

const PREFIX: &str = "probe-";
const SUFFIX: &str = ".jsonl";

impl Journal {
    /// A new one in this folder, which is made where it is missing.
    pub(super) fn begin(folder: &Path, identity: &Identity) -> Result<Self> {
        let path = folder.join(format!("{PREFIX}{:016x}{SUFFIX}", rand::random::<u64>()));
        let failed = || format!("cannot record canaries in {}", path.display());
        fs::create_dir_all(folder).with_context(failed)?;
        let file = File::create_new(&path).with_context(failed)?;
        file.try_lock()
            .map_err(std::io::Error::from)
            .with_context(failed)?;
        let mut journal = Self {
            file,
            path: path.clone(),
            entries: Vec::new(),
            next: 0,
        };
        journal.write(&Line::Database(identity.clone()))?;
        // The name has to outlast a crash as well.
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(failed)?;
        Ok(journal)
    }

    /// Records rows that are about to be committed.
    pub(super) fn made(&mut self, transaction: String, rows: Vec<Trace>) -> Result<Entry> {
        let entry = Entry {
            number: self.next,
            transaction,
            rows,
        };
        self.next += 1;
        self.write(&Line::Made(entry.clone()))?;
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Records that they are gone.
    pub(super) fn removed(&mut self, number: usize) -> Result<()> {
        self.write(&Line::Removed(number))?;
        self.entries.retain(|entry| entry.number != number);
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// Rows are still there, for this reason: then the file stays.
    pub(super) fn finish(&self, why: Option<String>) -> Result<()> {
        if !self.entries.is_empty() {
            bail!(
                "canaries could not be removed: {}; they are recorded in {}, and the next probe of \
                 this database removes them, or tenantctl probe --cleanup does",
                why.unwrap_or_default(),
                self.path.display()
            );
        }
        fs::remove_file(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        let failed = || format!("cannot record canaries in {}", self.path.display());
        let mut text = serde_json::to_string(line).with_context(failed)?;
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_all())
            .with_context(failed)
    }

    /// Whether there is one of any database at all.
    pub(super) fn any(folder: &Path) -> bool {
        fs::read_dir(folder).is_ok_and(|mut files| {
            files.any(|file| file.is_ok_and(|file| is_journal(&file.path())))
        })
    }

    /// Takes over the journals that runs on this database left when they were killed.
    pub(super) fn leftovers(folder: &Path, identity: &Identity) -> Result<Vec<Self>> {
        let Ok(files) = fs::read_dir(folder) else {
            return Ok(Vec::new());
        };
        let mut paths: Vec<PathBuf> = files
            .filter_map(|file| Some(file.ok()?.path()))
            .filter(|path| is_journal(path))
            .collect();
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            found.extend(Self::take_over(path, identity)?);
        }
        Ok(found)
    }

    fn take_over(path: PathBuf, identity: &Identity) -> Result<Option<Self>> {
        let failed = || {
            format!(
                "cannot read {}, in which canaries are recorded",
                path.display()
            )
        };
        let file = match File::options().read(true).append(true).open(&path) {
            Ok(file) => file,
            // Another run has just removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(failed),
        };
        match file.try_lock() {
            Ok(()) => {}
            // Its run is alive.
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        let text = fs::read_to_string(&path).with_context(failed)?;
        let (whose, entries) = read(&text);
        match whose {
            Some(whose) if whose != *identity => return Ok(None),
            // Killed before the first line was whole: nothing had been made.
            None if entries.is_empty() => {
                fs::remove_file(&path).with_context(failed)?;
                return Ok(None);
            }
            _ => {}
        }
        let next = entries.iter().map(|entry| entry.number + 1).max();
        Ok(Some(Self {
            file,
            path,
            entries,
            next: next.unwrap_or(0),
        }))
    }
}

fn is_journal(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

/// What a journal says. A last line that is not whole was never synced: nothing was committed.
fn read(text: &str) -> (Option<Identity>, Vec<Entry>) {
    let mut whose = None;
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        match serde_json::from_str(line) {
            Ok(Line::Database(identity)) => whose = Some(identity),
            Ok(Line::Made(entry)) => entries.push(entry),
            Ok(Line::Removed(number)) => entries.retain(|entry| entry.number != number),
            Err(_) => {}
        }
    }
    (whose, entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(database_oid: Oid) -> Identity {
        Identity {
            system: "7".to_owned(),
            database_oid,
            database: "shop".to_owned(),
        }
    }

    fn rows(id: u32) -> Vec<Trace> {
        vec![Trace {
            oid: 1,
            table: "public.t".to_owned(),
            condition: format!("x.id = '{id}'"),
        }]
    }

    #[test]
    fn what_a_killed_run_leaves_is_taken_over() {
        let folder = std::env::temp_dir().join(format!("tenantctl-journal-{}", std::process::id()));
        let mut journal = Journal::begin(&folder, &identity(1)).unwrap();
        let first = journal.made("10".to_owned(), rows(1)).unwrap();
        journal.made("11".to_owned(), rows(2)).unwrap();
        journal.removed(first.number).unwrap();
        // While its run is alive it is nobody else's.
        assert!(
            Journal::leftovers(&folder, &identity(1))
                .unwrap()
                .is_empty()
        );
        journal.file.write_all(b"{\"made\":{\"num").unwrap();
        let path = journal.path.clone();
        drop(journal);
        assert!(
            Journal::leftovers(&folder, &identity(2))
                .unwrap()
                .is_empty()
        );
        let mut left = Journal::leftovers(&folder, &identity(1)).unwrap();
        let mut journal = left.pop().unwrap();
        assert_eq!(journal.entries.len(), 1);
        assert_eq!(journal.entries[0].transaction, "11");
        assert_eq!(journal.entries[0].rows, rows(2));
        journal.removed(1).unwrap();
        journal.finish(None).unwrap();
        assert!(!path.exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
