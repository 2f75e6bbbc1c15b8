//! The words of a report: severity, class, finding, verdict, coverage. Knows nothing else.

use serde::{Deserialize, Serialize};

/// How bad a finding is. Ordered, so that a threshold is a comparison.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing: speed, hygiene.
    Info,
    /// Hardening: needs another mistake first.
    Low,
    /// Existence or metadata leaks, or a tenant table that nobody classified.
    Medium,
    /// Some rows of another tenant can be read or written, or one more ordinary step opens them.
    High,
    /// Any row of another tenant can be read or written.
    Critical,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// The word used in headers, tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The kind of hole; the words are those of the leak corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The login role bypasses or can stop row-level security.
    Role,
    /// Row-level security is not enabled, or not forced while it matters.
    RlsOff,
    /// A wrong predicate.
    Policy,
    /// USING is right, WITH CHECK or a command is not.
    Write,
    /// TRUNCATE, column grants, TRIGGER, CREATE.
    Privilege,
    /// Views and materialized views.
    View,
    /// SECURITY DEFINER and leaky functions.
    Function,
    /// Partitions and inheritance children reached directly.
    Partition,
    /// Nullable or mutable tenant key, missing foreign key.
    Key,
    /// Unique, foreign-key or sequence side channels.
    Oracle,
    /// How the tenant setting is set, defaulted or reset.
    Context,
    /// A tenant table that nobody protected.
    Coverage,
    /// Replication, foreign tables, large objects, statistics: other objects that carry rows.
    Surface,
    /// Not about isolation: speed, hygiene.
    None,
}

impl Class {
    /// The word used in headers and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::RlsOff => "rls-off",
            Self::Policy => "policy",
            Self::Write => "write",
            Self::Privilege => "privilege",
            Self::View => "view",
            Self::Function => "function",
            Self::Partition => "partition",
            Self::Key => "key",
            Self::Oracle => "oracle",
            Self::Context => "context",
            Self::Coverage => "coverage",
            Self::Surface => "surface",
            Self::None => "none",
        }
    }
}

/// One thing wrong, at one object, found by one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The id of the check that found it.
    pub check: String,
    /// The kind of hole.
    pub class: Class,
    /// How bad it is on this path.
    pub severity: Severity,
    /// Schema-qualified, quoted only where PostgreSQL would; a role or a setting is its bare name.
    pub object: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// From the login role to the rows, one step an element; empty where there is no path.
    pub path: Vec<String>,
    /// Statements to paste into psql that show it; `None` where the message says it all.
    pub evidence: Option<String>,
    /// The statement that closes it; `None` where there is no one-line fix.
    pub fix: Option<String>,
}

/// What was tried, or could be done, on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Reading rows.
    Select,
    /// Writing new rows.
    Insert,
    /// Changing rows.
    Update,
    /// Removing rows.
    Delete,
}

impl Operation {
    /// The four commands that policies know.
    pub const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];

    /// The word used in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// What is known about one (object, operation). Ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Follows from the catalogs alone.
    Proved,
    /// Was attacked, and nothing came through.
    Held,
    /// Cannot be told; the reason says why.
    Unproven,
    /// Open; the finding has the statement that shows it.
    Leaking,
}

impl Verdict {
    /// The word used in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Held => "held",
            Self::Unproven => "unproven",
            Self::Leaking => "leaking",
        }
    }
}

/// Who established a coverage row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The catalogs.
    Audit,
    /// An attack.
    Probe,
}

/// The verdict on one (object, operation), whether or not anything is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Spelled as in [`Finding::object`].
    pub object: String,
    /// The command.
    pub operation: Operation,
    /// What is known.
    pub verdict: Verdict,
    /// Who established it.
    pub by: By,
    /// Why, in one sentence.
    pub reason: String,
    /// For a leaking row: the finding that it follows from, so that accepting the finding accepts
    /// the row.
    #[serde(skip)]
    pub cause: Option<Cause>,
}

/// Names a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// [`Finding::check`]
    pub check: String,
    /// [`Finding::object`]
    pub object: String,
}
