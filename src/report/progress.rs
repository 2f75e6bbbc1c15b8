//! A progress bar on stderr, for people only.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

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
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg}{left}")
        {
            let left = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                let all = state.len().unwrap_or_default();
                if let Some(left) = left(state.elapsed(), state.pos(), all) {
                    let _ = write!(text, ", {} left", about(left));
                }
            };
            bar.set_style(style.with_key("left", left));
        }
        bar.set_prefix(what);
        Self(bar)
    }

    /// One step is about to run; `name` is shown.
    pub fn now(&self, name: impl Into<Cow<'static, str>>) {
        self.0.set_message(name);
    }

    /// Whether anybody sees it.
    pub fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    /// One step is done.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// There is more to do than was thought.
    pub fn extend_to(&self, total: usize) {
        self.0.set_length(u64::try_from(total).unwrap_or(u64::MAX));
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

/// Before so many steps are done, and so much time has passed, nobody knows.
const STEPS: u64 = 10;
const EARLY: Duration = Duration::from_secs(2);

/// How long the rest takes if a step takes as long as it did on average so far. The step that runs
/// now counts with all of its time and none of its work, so that one that hangs shows.
fn left(elapsed: Duration, begun: u64, all: u64) -> Option<Duration> {
    let done = begun.saturating_sub(1);
    if done < STEPS || elapsed < EARLY || done >= all {
        return None;
    }
    // Counts of steps are far below what a float holds exactly.
    let (done, all) = (done as f64, all as f64);
    Some(elapsed.mul_f64((all - done) / done))
}

/// A time that is left, no more exact than it is known: `about 20 s`.
pub fn about(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=9 => format!("about {} s", seconds + 1),
        seconds @ 10..=90 => format!("about {} s", seconds.div_ceil(10) * 10),
        seconds => format!("about {} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_what_was_done() {
        let seconds = Duration::from_secs;
        assert_eq!(left(seconds(20), 101, 500), Some(seconds(80)));
        assert_eq!(left(seconds(20), 5, 500), None);
        assert_eq!(left(seconds(1), 101, 500), None);
        assert_eq!(left(seconds(20), 501, 500), None);
        // One step that hangs makes it more, not less.
        assert!(left(seconds(40), 101, 500) > left(seconds(20), 101, 500));
    }

    #[test]
    fn times_are_rough() {
        let texts = [3, 14, 90, 91, 600].map(|s| about(Duration::from_secs(s)));
        assert_eq!(
            texts,
            [
                "about 4 s",
                "about 20 s",
                "about 90 s",
                "about 2 min",
                "about 10 min"
            ]
        );
    }
}
