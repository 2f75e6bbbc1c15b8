//! What the server answered to an attack, and what the answer means for row-level security.

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::DbError;

use crate::session::error::explain;

/// The answer to one round trip.
#[derive(Debug)]
pub(super) enum Reply {
    /// Every statement ran; one entry each.
    Done(Vec<Answer>),
    /// One statement was refused, and nothing of the attempt remains.
    Refused(Refused),
}

/// The answer to one statement.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Its rows, as text.
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// How many rows it returned or changed.
    pub(super) affected: u64,
}

/// Why a statement was refused.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// SQLSTATE.
    pub(super) state: String,
    /// In words that may be shown.
    pub(super) text: String,
    /// All that the server said: message, detail, hint, context, the query inside.
    pub(super) said: String,
    /// The constraint or unique index that was violated.
    pub(super) constraint: Option<String>,
    /// The server's own function; unlike the message it is never translated.
    routine: String,
    of_domain: bool,
    inside: bool,
}

impl Reply {
    pub(super) fn read(messages: Vec<SimpleQueryMessage>) -> Self {
        let mut answers = Vec::new();
        let mut open = Answer::default();
        for message in messages {
            match message {
                SimpleQueryMessage::Row(row) => open.rows.push(
                    (0..row.len())
                        .map(|nth| row.get(nth).map(str::to_owned))
                        .collect(),
                ),
                SimpleQueryMessage::CommandComplete(affected) => {
                    open.affected = affected;
                    answers.push(std::mem::take(&mut open));
                }
                _ => {}
            }
        }
        Self::Done(answers)
    }

    /// The rows of the last statement; none where it was refused.
    pub(super) fn rows(&self) -> &[Vec<Option<String>>] {
        self.last().map_or(&[], |answer| &answer.rows)
    }

    /// Rows that the last statement changed or returned.
    pub(super) fn affected(&self) -> u64 {
        self.last().map_or(0, |answer| answer.affected)
    }

    /// The first column of the first row of the last statement.
    pub(super) fn value(&self) -> Option<&str> {
        self.rows().first()?.first()?.as_deref()
    }

    pub(super) fn last(&self) -> Option<&Answer> {
        match self {
            Self::Done(answers) => answers.last(),
            Self::Refused(_) => None,
        }
    }

    pub(super) fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::Done(_) => None,
        }
    }

    /// The row policies let the new row through and only a constraint stopped it.
    pub(super) fn passed_policy(&self) -> bool {
        self.refused().is_some_and(Refused::passed_policy)
    }
}

/// Whatever a session that gets the error can read in it.
fn all_of(error: &DbError) -> String {
    let inside = match error.position() {
        Some(tokio_postgres::error::ErrorPosition::Internal { query, .. }) => Some(query.as_str()),
        _ => None,
    };
    let parts = [
        Some(error.message()),
        error.detail(),
        error.hint(),
        error.where_(),
        inside,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The server's functions that check constraints, after the row policies were asked.
const CONSTRAINT_CHECKS: [&str; 6] = [
    "ExecConstraints",
    "ReportNotNullViolationError",
    "_bt_check_unique",
    "check_exclusion_or_unique_constraint",
    "ri_ReportViolation",
    "ExecPartitionCheckEmitError",
];

impl Refused {
    pub(super) fn read(error: &DbError) -> Self {
        Self {
            state: error.code().code().to_owned(),
            text: String::new(),
            said: all_of(error),
            constraint: error.constraint().map(str::to_owned),
            routine: error.routine().unwrap_or_default().to_owned(),
            of_domain: error.datatype().is_some(),
            inside: error.where_().is_some(),
        }
    }

    /// From the driver's error; the connection being lost is not an answer.
    pub(super) fn from_driver(error: tokio_postgres::Error) -> anyhow::Result<Self> {
        let Some(refused) = error.as_db_error().map(Self::read) else {
            return Err(explain(error));
        };
        Ok(Self {
            text: format!("{:#}", explain(error)),
            ..refused
        })
    }

    /// PostgreSQL asks row policies before it checks constraints (but after domains and BEFORE
    /// triggers), so a violated constraint says that the policies had nothing against the row.
    pub(super) fn passed_policy(&self) -> bool {
        self.state.starts_with("23")
            && !self.of_domain
            && CONSTRAINT_CHECKS.contains(&self.routine.as_str())
            && (!self.inside || self.routine == "ri_ReportViolation")
    }

    /// The row would leave the partition that was named.
    pub(super) fn leaves_partition(&self) -> bool {
        self.routine == "ExecPartitionCheckEmitError"
    }

    /// A timeout: says nothing.
    pub(super) fn timed_out(&self) -> bool {
        matches!(self.state.as_str(), "57014" | "55P03" | "40P01" | "40001")
    }
}
