//! What functions do: the rows that a call shows, changes and looks at, and as whom.
//!
//! A body in SQL or PL/pgSQL is walked statement by statement, every branch a path of its own with
//! its conditions; variables stand for what was put into them. What is not understood (another
//! language, a body that does not parse, SQL that is put together from what the caller sends) is
//! said to be unknown, never harmless.

mod body;
mod branch;
mod called;
mod change;
mod dynamic;
mod execute;
mod fold;
mod known;
mod repeat;
mod state;
mod step;
mod utility;
mod variables;
mod walk;

pub use called::NAMED_BY_ARGUMENTS;
pub use state::Account;
pub use walk::Walker;

/// Stands for the value that makes a block raise, so that its handler runs.
pub const RAISES: &str = "that makes it raise";

/// Whether a body runs SQL that it puts together: it may then name any table.
pub fn executes(body: &str) -> bool {
    body.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|word| word.eq_ignore_ascii_case("execute"))
}

#[cfg(test)]
mod tests;
