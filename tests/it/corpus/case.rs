//! A case of the corpus as its folder tells it, and the format that all of them keep to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tenantctl::finding::{Class, Severity};

/// What is true of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Truth {
    Leak,
    Clean,
}

/// Who can notice a leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Detect {
    /// Who reads the catalogs.
    Static,
    /// Who runs statements.
    Dynamic,
}

/// `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) verdict: Truth,
    pub(super) class: Class,
    pub(super) severity: Severity,
    pub(super) objects: Vec<String>,
    pub(super) why: String,
    pub(super) tenants: [String; 2],
    pub(super) role: String,
    pub(super) min_pg: u32,
    pub(super) detect: Vec<Detect>,
    #[serde(skip)]
    pub(super) folder: PathBuf,
}

impl Case {
    /// The text of a file of the case.
    pub(super) fn read(&self, name: &str) -> String {
        let path = self.folder.join(name);
        fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    /// What is wrong with the case itself.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let folder = self.folder.file_name().unwrap_or_default();
        let leak = self.verdict == Truth::Leak;
        let both = [&self.title, &self.why, &self.tenants[0], &self.tenants[1]];
        [
            (folder.to_string_lossy() != self.id, "id is not the folder"),
            (
                self.role != format!("c_{}", self.id.replace('-', "_")),
                "role is not c_<id>",
            ),
            (both.iter().any(|text| text.is_empty()), "a text is empty"),
            (self.tenants[0] == self.tenants[1], "tenants are the same"),
            (leak && self.objects.is_empty(), "a leak at no object"),
            (self.severity == Severity::Info, "nothing is worth info"),
            (self.detect.is_empty(), "nobody can detect it"),
            (
                ["exploit.sql", "schema.sql", "tenantctl.toml"]
                    .iter()
                    .any(|name| !self.folder.join(name).is_file()),
                "a file is missing",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, what)| wrong.then_some(what))
        .collect()
    }
}

/// A case that is not judged as it should be yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// What audit says instead of the truth.
    pub(super) audit: Option<String>,
    /// What probe says instead of the truth.
    pub(super) probe: Option<String>,
    pub(super) reason: String,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Every case, in the order of their names.
pub(super) fn all() -> Vec<Case> {
    let folders = fs::read_dir(corpus().join("cases")).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let cases = folders.into_iter().map(|folder| {
        let path = folder.join("case.toml");
        let text = fs::read_to_string(&path);
        let text = text.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let case: Case =
            toml::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        Case { folder, ..case }
    });
    cases.collect()
}

/// The cases that are known to be judged otherwise, by id.
pub(super) fn expected() -> BTreeMap<String, Expected> {
    let text = fs::read_to_string(corpus().join("expected.toml")).unwrap();
    toml::from_str(&text).unwrap_or_else(|why| panic!("expected.toml: {why}"))
}
