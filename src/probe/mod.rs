//! Attacks as the application role, as two organizations, and always rolls back.
//!
//! Every attack runs in an arena: a transaction that ends with ROLLBACK. What comes through is a
//! finding with the statements that repeat it; silence counts only where the victim itself sees the
//! row that the attacker did not.

mod arena;
mod asked;
mod attacks;
mod beyond;
mod canary;
mod case;
pub mod channel;
mod committed;
mod ear;
mod evidence;
mod eye;
mod glob;
mod interleave;
mod lanes;
mod ledger;
mod login;
mod markers;
mod objects;
mod organizations;
mod others;
pub mod pooler;
mod populate;
mod reaching;
pub mod remedy;
mod reply;
mod rights;
mod rows;
mod run;
mod settings;
mod specimen;
mod stage;
mod summary;
mod surfaces;
mod through;
mod trail;
mod value;
mod verification;
mod ways;
mod world;

use crate::finding::{Coverage, Finding};
use crate::session::Connector;
use crate::tenancy::Tenancy;

pub use committed::clean_up;
pub use interleave::{Interleaved, Setup as InterleaveSetup, run as interleave};
pub use populate::{Populated, populate};
pub use run::run;

/// What the ids of the probe's findings begin with.
pub const PREFIX: &str = "probe-";

/// What a probe needs.
pub struct Setup<'a> {
    /// The administrator's connection.
    pub admin: &'a Connector,
    /// The application role's own login, where one was given.
    pub app: Option<&'a Connector>,
    /// The database as the configuration reads it.
    pub tenancy: &'a Tenancy<'a>,
    /// The two organizations by their registry ids, where they were given.
    pub organizations: Option<(String, String)>,
    /// Leave out every attack that writes.
    pub read_only: bool,
    /// Commit the canaries, so that attacks come from two logins; removed at the end.
    pub login: bool,
    /// Where committed canaries are recorded.
    pub records: Option<std::path::PathBuf>,
    /// Write to tables although a trigger of theirs could reach outside of the database.
    pub fire_triggers: bool,
    /// Call VOLATILE functions, too.
    pub call_volatile: bool,
    /// Is told how many objects there are and which one is next.
    pub progress: &'a dyn Fn(usize, &str),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What came through, worst first.
    pub findings: Vec<Finding>,
    /// The verdict on each (object, operation).
    pub coverage: Vec<Coverage>,
    /// What the reader should know about the run itself.
    pub notes: Vec<String>,
    /// Whether the attacker had logged in; otherwise an administrator became him by SET ROLE.
    pub as_login: bool,
    /// The attacker's organization and the victim's.
    pub organizations: (String, String),
    /// How many statements were tried.
    pub attempts: usize,
}

impl Outcome {
    /// Adds what was found beside the attacks on objects.
    pub fn take(&mut self, (findings, notes): (&[Finding], &[String]), attempts: usize) {
        self.findings.extend(findings.iter().cloned());
        self.notes.extend(notes.iter().cloned());
        self.attempts += attempts;
    }
}
