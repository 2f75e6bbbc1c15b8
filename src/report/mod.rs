//! Writes reports. Nothing else writes to stdout; notes and progress go to stderr.

mod explain;
pub mod init;
mod json;
pub mod lockout;
mod model;
pub mod org;
mod output;
pub mod plan;
mod progress;
mod proposals;
pub mod role;
mod self_test;
mod sharing;
pub mod story;
pub mod style;
pub(crate) mod table;

use anyhow::Result;

pub use model::{Overall, Report, Sharing, Target};
pub use output::Output;
pub use progress::Progress;

/// `--format` of the commands that report findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: schema version 1.
    Json,
}

impl Report {
    /// Writes the report; the verdict is in the exit code, not in the format.
    ///
    /// # Errors
    /// It could not be written.
    pub fn write(&self, format: Format, details: bool, output: Output) -> Result<()> {
        if output.is_file() {
            style::choose(style::When::Never);
        }
        let text = match format {
            Format::Table => table::text(self, details),
            Format::Json => json::text(self),
        };
        output.write(&text)
    }
}

/// Pretty-printed JSON with a final newline.
pub(crate) fn pretty(value: &impl serde::Serialize) -> String {
    // Serialising plain structs of strings and numbers to a string has no way to fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// One line on stderr; control bytes that a name may hold are made visible.
pub(crate) fn stderr_line(text: &str) {
    use std::io::Write;
    let text = crate::session::quote::printable(text);
    // A closed stderr must not stop the work.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
