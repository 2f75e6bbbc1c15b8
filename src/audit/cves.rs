//! The server's minor version against the known problems of row-level security.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::engine::{Engine, Found, few};
use crate::finding::Severity;

const DATA: &str = include_str!("../../checks/server-known-cve/cves.toml");

#[derive(Deserialize)]
struct File {
    branch: std::collections::BTreeMap<String, Branch>,
    cve: Vec<Cve>,
}

#[derive(Deserialize)]
struct Branch {
    latest: String,
}

#[derive(Deserialize)]
struct Cve {
    id: String,
    summary: String,
    relevance: String,
    directness: String,
    fixed: std::collections::BTreeMap<String, String>,
}

pub(super) fn audit(engine: &mut Engine<'_>) -> Result<()> {
    let file: File = toml::from_str(DATA).context("the list of known problems does not parse")?;
    let server = &engine.snapshot().server;
    let (major, minor) = (server.major(), server.version_num % 10_000);
    let branch = major.to_string();
    let open: Vec<&Cve> = file
        .cve
        .iter()
        .filter(|cve| cve.relevance == "rls-bypass" && cve.directness == "direct")
        .filter(|cve| {
            cve.fixed
                .get(&branch)
                .and_then(|fixed| minor_of(fixed))
                .is_some_and(|fixed| minor < fixed)
        })
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = open.iter().map(|cve| cve.id.clone()).collect();
    let advice = match file.branch.get(&branch) {
        Some(known) => format!("upgrade to {} or later", known.latest),
        None => "upgrade to a supported version".to_owned(),
    };
    let message = format!(
        "PostgreSQL {major}.{minor} has known problems of row-level security ({}): {}",
        few(&names),
        open.iter()
            .map(|cve| cve.summary.trim_end_matches('.'))
            .take(2)
            .collect::<Vec<_>>()
            .join("; ")
    );
    engine.report(Found {
        check: "server-known-cve",
        severity: Severity::Low,
        object: "server_version".into(),
        message: format!("{message}; {advice}"),
        path: Vec::new(),
        evidence: Some("SHOW server_version;".into()),
        fix: None,
    });
    Ok(())
}

/// The minor version of `15.20`.
fn minor_of(version: &str) -> Option<i32> {
    version.split_once('.')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_parses_and_every_fix_is_a_version() {
        let file: File = toml::from_str(DATA).unwrap();
        assert!(file.cve.len() > 5);
        for cve in &file.cve {
            for (branch, fixed) in &cve.fixed {
                assert!(
                    branch.starts_with("9.") || minor_of(fixed).is_some(),
                    "{}: {fixed}",
                    cve.id
                );
            }
        }
    }
}
