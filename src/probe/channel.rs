//! The ways of attack, each with the words that explain it.
//!
//! A channel is described next to the code that attacks through it; [`ALL`] lists them for
//! `checks list`, `checks show` and the report. A finding's `check` is its channel's id.

use super::attacks::CHANNELS as ON_TABLES;
use super::objects::CHANNELS as BEYOND;
use super::pooler::CHANNELS as POOLED;
use super::surfaces::CHANNELS as ON_SURFACES;
use super::{interleave, settings, summary};
use crate::exit::usage;
use crate::finding::{Class, Severity};

/// One way in which a tenant may get at another one's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// `probe-…`; the `check` of its findings.
    pub id: &'static str,
    /// What comes through, as a reader would say it.
    pub title: &'static str,
    /// What is run, as whom, and what counts.
    pub tries: &'static str,
    /// What it means that something comes through, and why silence elsewhere does not rule it out.
    pub why: &'static str,
    /// The kind of hole that it usually shows.
    pub class: Class,
    /// How bad that usually is; a finding may say otherwise.
    pub severity: Severity,
}

/// Every channel, in groups: tables, whatever leads to them, what is no relation, the session.
const GROUPS: [&[Channel]; 5] = [
    ON_TABLES,
    ON_SURFACES,
    BEYOND,
    POOLED,
    &[settings::CHANNEL, interleave::CHANNEL, summary::CHANNEL],
];

/// Every channel.
pub fn all() -> impl Iterator<Item = &'static Channel> {
    GROUPS.into_iter().flatten()
}

/// The channel of that id.
pub fn find(id: &str) -> Option<&'static Channel> {
    all().find(|channel| channel.id == id)
}

/// The channel of that id.
///
/// # Errors
/// A usage error that names the nearest channel.
pub fn nearest(id: &str) -> anyhow::Result<&'static Channel> {
    let likeness = |channel: &&Channel| strsim::jaro_winkler(channel.id, id);
    find(id).ok_or_else(|| {
        let nearest = all().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let meant = nearest.map(|channel| format!("; did you mean {}?", channel.id));
        usage(format!(
            "there is no channel {id}{}",
            meant.unwrap_or_default()
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::probe::PREFIX;

    #[test]
    fn every_channel_is_explained_once() {
        let mut ids = BTreeSet::new();
        for channel in all() {
            assert!(channel.id.starts_with(PREFIX), "{}", channel.id);
            assert!(ids.insert(channel.id), "{} twice", channel.id);
            for text in [channel.title, channel.tries, channel.why] {
                assert!(text.len() > 20, "{}: {text:?}", channel.id);
                assert!(
                    !text.ends_with('.') || text.contains(". "),
                    "{}",
                    channel.id
                );
            }
        }
        assert!(find("probe-read").is_some());
        assert!(find("read").is_none());
    }
}
