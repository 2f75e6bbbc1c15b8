//! Checks: folders of data. The header is readable without a database.

mod header;
mod keys;
mod tables;

use std::path::Path;

use anyhow::{Context, Result};

use crate::exit::usage;
use crate::finding::{Class, Severity};
pub use header::Malformed;
pub use tables::{Needs, Tables};

/// Which part of tenantctl decides a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Its own SELECT.
    Sql,
    /// The access-path engine; its SELECT is evidence to look at by hand.
    Paths,
    /// The predicate proof; likewise.
    Predicate,
    /// The server's version against a list of known problems.
    Server,
}

impl Engine {
    /// The word in the header.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Paths => "paths",
            Self::Predicate => "predicate",
            Self::Server => "server",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The folder's name.
    pub id: String,
    /// The defect, as a sentence without a full stop.
    pub title: String,
    /// The kind of hole.
    pub class: Class,
    /// How bad it usually is; a row may say otherwise.
    pub severity: Severity,
    /// The mechanism and the consequence.
    pub why: String,
    /// How to mend it, where a statement alone does not say it.
    pub mend: Option<String>,
    /// Why a finding may have no path from the login.
    pub no_path: Option<String>,
    /// The documentation page or CVE that has the rule.
    pub source: Option<String>,
    /// Who decides.
    pub engine: Engine,
    /// Which tenant tables it is asked about.
    pub tables: Tables,
    /// What the database must have.
    pub needs: Option<Needs>,
    /// The SELECT, without its header.
    pub sql: String,
}

const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/checks.rs"));

/// The checks that come with tenantctl, by id.
///
/// # Errors
/// A header that does not parse; a test makes sure that none ships.
pub fn shipped() -> Result<Vec<Check>> {
    SHIPPED
        .iter()
        .map(|(id, text)| Check::parse(id, text).with_context(|| format!("check {id}")))
        .collect()
}

/// An organization's own: every `DIR/*/check.sql`.
///
/// # Errors
/// Usage errors: a folder that cannot be read, a header that does not parse, an id that ships.
pub fn from_directory(directory: &Path, shipped: &[Check]) -> Result<Vec<Check>> {
    let refuse = |why: String| usage(format!("--checks-dir {}: {why}", directory.display()));
    let entries = std::fs::read_dir(directory).map_err(|error| refuse(error.to_string()))?;
    let mut checks = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|error| refuse(error.to_string()))?
            .path()
            .join("check.sql");
        let Some(id) = path
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
        else {
            continue;
        };
        if !path.is_file() {
            continue;
        }
        let text =
            std::fs::read_to_string(&path).map_err(|error| refuse(format!("{id}: {error}")))?;
        let check = Check::parse(id, &text).map_err(|error| refuse(format!("{id}: {error}")))?;
        if shipped.iter().any(|known| known.id == check.id) {
            return Err(refuse(format!(
                "{id} is the id of a check that ships; choose another"
            )));
        }
        if check.engine != Engine::Sql {
            return Err(refuse(format!("{id}: only SQL checks can be added")));
        }
        checks.push(check);
    }
    if checks.is_empty() {
        return Err(refuse("there is no */check.sql in it".into()));
    }
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(checks)
}

/// The check of that id.
///
/// # Errors
/// A usage error that names the nearest check.
pub fn find<'c>(checks: &'c [Check], id: &str) -> Result<&'c Check> {
    checks.iter().find(|check| check.id == id).ok_or_else(|| {
        let likeness = |check: &Check| strsim::jaro_winkler(&check.id, id);
        let nearest = checks
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .map(|check| format!("; did you mean {}?", check.id));
        usage(format!(
            "there is no check {id}{}",
            nearest.unwrap_or_default()
        ))
    })
}

impl Check {
    /// Parses `check.sql`.
    ///
    /// # Errors
    /// What is wrong with the header, and in which line.
    pub fn parse(id: &str, text: &str) -> Result<Self, Malformed> {
        header::parse(id, text)
    }

    /// What to consider where no statement mends it, as a comment: it may be pasted with the rest.
    pub fn advice(&self) -> Option<String> {
        self.mend.as_ref().map(|mend| format!("-- {mend}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_header_parses_and_says_why() {
        let checks = shipped().unwrap();
        assert!(checks.len() > 20, "{} checks", checks.len());
        for check in checks {
            let id = &check.id;
            assert!(
                check.why.split_whitespace().count() >= 10,
                "{id}: why is a phrase"
            );
            assert!(
                !check.title.ends_with('.'),
                "{id}: title ends with a full stop"
            );
            let sql = check.sql.to_lowercase().replace(char::is_whitespace, "");
            assert!(
                !sql.contains("',true)"),
                "{id}: a setting that is not set must be an error"
            );
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(id.chars().all(kebab), "{id} is not kebab-case");
        }
    }
}
