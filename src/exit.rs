//! The exit codes: one enum, the same for every command and every output format.

use std::process::{ExitCode, Termination};

/// What the process returns. The numbers are part of the contract (`docs/exit-codes.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done; for `audit`, `probe` and `verify`: isolation holds.
    Done,
    /// Findings at or above `--fail-on`, or a leak.
    Findings,
    /// The command line or the configuration is wrong.
    Usage,
    /// Could not finish: connection, privilege, timeout, lock. No verdict was reached.
    Failed,
    /// Nothing leaked, but something stays unproven.
    Unproven,
    /// Interrupted by SIGINT.
    Interrupted,
    /// Interrupted by SIGTERM.
    Terminated,
}

impl Code {
    /// The number that the shell sees.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Unproven => 4,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl Termination for Code {
    fn report(self) -> ExitCode {
        ExitCode::from(self.number())
    }
}

/// An error that is the user's command line or configuration, so that `main` returns 2 and not 3.
///
/// Wrap it in `anyhow` like any other error; [`code_of`] finds it anywhere in the chain.
#[derive(Debug)]
pub struct UsageError(pub String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Builds a [`UsageError`] as an `anyhow::Error`.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    UsageError(message.into()).into()
}

/// A refusal that is an answer, not a failure: the thing exists already, the plan has changes.
/// `main` returns 1.
#[derive(Debug)]
pub struct Refusal(pub String);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// The exit code that an error stands for.
pub fn code_of(error: &anyhow::Error) -> Code {
    if error.chain().any(|cause| cause.is::<UsageError>()) {
        Code::Usage
    } else if error.chain().any(|cause| cause.is::<Refusal>()) {
        Code::Findings
    } else {
        Code::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn usage_is_found_below_context() {
        let error = Err::<(), _>(usage("no such key"))
            .context("reading x")
            .unwrap_err();
        assert_eq!(code_of(&error), Code::Usage);
        assert_eq!(
            code_of(&anyhow::anyhow!("connection refused")),
            Code::Failed
        );
    }
}
