//! Colours: on a terminal only, unless told otherwise.

use owo_colors::{OwoColorize, Stream};

use crate::finding::{Severity, Verdict};

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Applies `--color` to everything printed from here on.
pub fn choose(when: When) {
    match when {
        When::Auto => owo_colors::unset_override(),
        When::Always => owo_colors::set_override(true),
        When::Never => owo_colors::set_override(false),
    }
}

/// Whether stdout gets colours.
pub fn enabled() -> bool {
    !bold("").is_empty()
}

/// A severity in its colour.
pub fn severity(severity: Severity) -> String {
    let word = severity.word();
    match severity {
        Severity::Critical => paint(word, |w| w.red().bold().to_string()),
        Severity::High => paint(word, |w| w.red().to_string()),
        Severity::Medium => paint(word, |w| w.yellow().to_string()),
        Severity::Low => paint(word, |w| w.blue().to_string()),
        Severity::Info => paint(word, |w| w.dimmed().to_string()),
    }
}

/// A verdict in its colour.
pub fn verdict(verdict: Verdict) -> String {
    let word = verdict.word();
    match verdict {
        Verdict::Proved | Verdict::Held => paint(word, |w| w.green().to_string()),
        Verdict::Unproven => paint(word, |w| w.yellow().to_string()),
        Verdict::Leaking => paint(word, |w| w.red().bold().to_string()),
    }
}

/// Emphasis.
pub fn bold(text: &str) -> String {
    paint(text, |w| w.bold().to_string())
}

/// Less important.
pub fn dim(text: &str) -> String {
    paint(text, |w| w.dimmed().to_string())
}

/// Good.
pub fn good(text: &str) -> String {
    paint(text, |w| w.green().bold().to_string())
}

/// Bad.
pub fn bad(text: &str) -> String {
    paint(text, |w| w.red().bold().to_string())
}

fn paint(text: &str, colour: fn(&str) -> String) -> String {
    text.if_supports_color(Stream::Stdout, |text| colour(text))
        .to_string()
}
