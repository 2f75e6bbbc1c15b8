//! Writes reports. Nothing else writes to stdout; notes and progress go to stderr.

mod output;
mod progress;
pub mod style;

pub use output::Output;
pub use progress::Progress;

/// One line on stderr; control bytes that a name may hold are made visible.
pub(crate) fn stderr_line(text: &str) {
    use std::io::Write;
    let text = crate::session::quote::printable(text);
    // A closed stderr must not stop the work.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
