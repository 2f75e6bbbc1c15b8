//! Who changed what, when, and what came of it: a line of JSON a change, beside the marks that the
//! database itself carries.

use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use serde::Serialize;

use super::apply::{Observer, Outcome};
use super::{Change, Plan};
use crate::session::quote::{literal, qualified};

/// A file that lines are appended to.
pub struct Journal {
    file: RefCell<File>,
    path: PathBuf,
    about: About,
    began: Cell<Option<Instant>>,
    failed: Cell<bool>,
}

/// What every line tells.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// `apply` or `revert`.
    pub command: &'static str,
    /// The plan's id.
    pub plan: String,
    /// The database, as messages call it; never a secret.
    pub target: String,
    /// The role that the server knows us as.
    pub role: String,
    /// The user of this machine, where the environment tells.
    pub user: Option<String>,
}

#[derive(Serialize)]
struct Line<'l> {
    at: String,
    tool: &'static str,
    #[serde(flatten)]
    about: &'l About,
    change: &'l str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'l str>,
    milliseconds: u128,
    statements: Vec<&'l String>,
}

impl Journal {
    /// Opens the file for appending; it and its folder are made where they are missing, readable by
    /// their owner only.
    ///
    /// # Errors
    /// It cannot be written, found out before the first change.
    pub fn open(path: &Path, about: About) -> Result<Self> {
        let failed = || {
            format!(
                "cannot write the journal {}, so nothing was changed; --journal names another file",
                path.display()
            )
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).with_context(failed)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .with_context(failed)?;
        Ok(Self {
            file: RefCell::new(file),
            path: path.to_owned(),
            about,
            began: Cell::new(None),
            failed: Cell::new(false),
        })
    }

    /// A sentence where lines are missing: the disk was full.
    pub fn complaint(&self) -> Option<String> {
        let path = self.path.display();
        self.failed
            .get()
            .then(|| format!("the journal {path} could not be written to its end"))
    }
}

impl Observer for Journal {
    fn begins(&self, _: &Change) {
        self.began.set(Some(Instant::now()));
    }

    fn waits(&self, _: &Change, _: &str) {}

    fn ends(&self, change: &Change, outcome: &Outcome) {
        let line = Line {
            at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            tool: concat!("tenantctl ", env!("CARGO_PKG_VERSION")),
            about: &self.about,
            change: &change.id,
            outcome: outcome.word(),
            reason: outcome.reason(),
            milliseconds: self
                .began
                .take()
                .map_or(0, |began| began.elapsed().as_millis()),
            statements: change.statements.iter().chain(&change.finish).collect(),
        };
        let written = serde_json::to_string(&line)
            .map_err(std::io::Error::from)
            // One write: the lines of two runs on one machine do not mix.
            .and_then(|text| {
                self.file
                    .borrow_mut()
                    .write_all(format!("{text}\n").as_bytes())
            });
        if written.is_err() {
            self.failed.set(true);
        }
    }
}

/// A table in the database that keeps the same history, in the transactions of the changes.
#[derive(Clone, Debug)]
pub struct JournalTable {
    name: String,
    command: &'static str,
    plan: String,
}

impl JournalTable {
    /// From `schema.table`, each part verbatim.
    ///
    /// # Errors
    /// A usage error where it is not two parts.
    pub fn new(name: &str, command: &'static str, plan: &Plan) -> Result<Self> {
        let parts = name.split_once('.');
        let Some((schema, table)) =
            parts.filter(|(schema, table)| !schema.is_empty() && !table.is_empty())
        else {
            return Err(crate::exit::usage(format!(
                "--journal-table wants a schema and a table, such as public.tenantctl_journal, not \
                 {name}"
            )));
        };
        Ok(Self {
            name: qualified(schema, table),
            command,
            plan: plan.id.clone(),
        })
    }

    /// Makes the table where it is missing; nobody but its owner may read it.
    pub(super) fn create(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (at timestamptz NOT NULL DEFAULT pg_catalog.now(), \
             role name NOT NULL DEFAULT session_user, tool text NOT NULL, command text NOT NULL, \
             plan text NOT NULL, change text NOT NULL, statements text[] NOT NULL)",
            self.name
        )
    }

    /// The row of a change that is made.
    pub(super) fn row(&self, change: &Change) -> String {
        let all = change.statements.iter().chain(&change.finish);
        let statements: Vec<String> = all.map(|statement| literal(statement)).collect();
        format!(
            "INSERT INTO {} (tool, command, plan, change, statements) VALUES ({}, {}, {}, {}, \
             ARRAY[{}]::text[])",
            self.name,
            literal(concat!("tenantctl ", env!("CARGO_PKG_VERSION"))),
            literal(self.command),
            literal(&self.plan),
            literal(&change.id),
            statements.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_with_its_schema() {
        let plan = Plan::default();
        let table = JournalTable::new("Ops.my \"log", "apply", &plan).unwrap();
        assert!(
            table
                .create()
                .contains(r#"IF NOT EXISTS "Ops"."my ""log" ("#)
        );
        for wrong in ["log", ".log", "ops."] {
            assert!(JournalTable::new(wrong, "apply", &plan).is_err(), "{wrong}");
        }
    }
}
