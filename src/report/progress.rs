//! A progress bar on stderr, for people only.

use std::borrow::Cow;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts steps; draws only where stderr is a terminal.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over `total` steps; `what` names one kind of step in the plural.
    pub fn new(total: usize, what: &'static str, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(u64::try_from(total).unwrap_or(u64::MAX)),
            if quiet || !std::io::stderr().is_terminal() {
                ProgressDrawTarget::hidden()
            } else {
                ProgressDrawTarget::stderr()
            },
        );
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg} {eta}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        Self(bar)
    }

    /// One step is about to run; `name` is shown.
    pub fn now(&self, name: impl Into<Cow<'static, str>>) {
        self.0.set_message(name);
    }

    /// One step is done.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Writes a line above the bar.
    pub fn line(&self, text: &str) {
        if self.0.is_hidden() {
            super::stderr_line(text);
        } else {
            self.0.suspend(|| super::stderr_line(text));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
