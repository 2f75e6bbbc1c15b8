//! Who is locked out by a plan: a role once, however many tables.

use std::fmt::Write as _;

use serde::Serialize;

use crate::plan::{Lockout, Plan};
use crate::session::quote::{printable, shell_word};

/// More names than these are counted.
const FEW: usize = 3;

/// `public.a, public.b, public.c and 9 more`.
fn few(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(FEW).map(|name| printable(name)).collect();
    let mut text = shown.join(", ");
    if names.len() > FEW {
        let _ = write!(text, " and {} more", names.len() - FEW);
    }
    text
}

/// `2 sessions of reporting (metabase, since 2026-01-01 10:00 UTC)`.
pub fn connected(lockout: &Lockout) -> String {
    let texts: Vec<String> = lockout
        .sessions
        .iter()
        .map(|seen| {
            let plural = if seen.sessions == 1 { "" } else { "s" };
            let application = match seen.application.as_str() {
                "" => "without a name",
                name => name,
            };
            let since = seen.since.as_ref();
            let since = since.map_or_else(String::new, |since| format!(", since {since}"));
            format!(
                "{} session{plural} of {} ({}{since})",
                seen.sessions,
                printable(&seen.role),
                printable(application)
            )
        })
        .collect();
    texts.join(", ")
}

/// One line a role, and what to say to `apply`; nothing where nobody is locked out.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let mut lines: Vec<String> = plan.lockouts.iter().map(line).collect();
    let named = options(plan.lockouts.iter().filter(|lockout| lockout.refuses()));
    if !named.is_empty() {
        lines.push(format!("apply refuses until they are named: {named}"));
    }
    lines
}

/// What to say to `apply` for these to be agreed to.
pub fn options<'l>(lockouts: impl Iterator<Item = &'l Lockout>) -> String {
    let options = lockouts.map(|lockout| format!("--accept-lockout {}", shell_word(&lockout.role)));
    options.collect::<Vec<_>>().join(" ")
}

/// What a role loses, and on which tables.
pub fn losses(lockout: &Lockout) -> Vec<String> {
    let losses = lockout.losses.iter();
    losses
        .map(|loss| format!("{} ({})", loss.why, few(&loss.objects)))
        .collect()
}

fn line(lockout: &Lockout) -> String {
    let losses = losses(lockout);
    let mut text = format!("{} {}", printable(&lockout.role), losses.join("; it "));
    if !lockout.through.is_empty() {
        let _ = write!(
            text,
            "; what reads with its rights: {}",
            few(&lockout.through)
        );
    }
    if !lockout.members.is_empty() {
        let _ = write!(text, "; who acts as it: {}", few(&lockout.members));
    }
    if !lockout.sessions.is_empty() {
        let _ = write!(text, "; connected now: {}", connected(lockout));
    }
    text
}

/// JSON, version 1.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    role: &'a str,
    /// Whether `apply` refuses unless it is named.
    refuses: bool,
    losses: Vec<LossRow<'a>>,
    through: &'a [String],
    members: &'a [String],
    sessions: Vec<SessionRow<'a>>,
}

#[derive(Serialize)]
struct LossRow<'a> {
    why: &'a str,
    objects: &'a [String],
}

#[derive(Serialize)]
struct SessionRow<'a> {
    role: &'a str,
    application: &'a str,
    sessions: i64,
    since: Option<&'a str>,
}

pub(super) fn rows(plan: &Plan) -> Vec<Row<'_>> {
    plan.lockouts.iter().map(row).collect()
}

fn row(lockout: &Lockout) -> Row<'_> {
    Row {
        role: &lockout.role,
        refuses: lockout.refuses(),
        losses: lockout
            .losses
            .iter()
            .map(|loss| LossRow {
                why: &loss.why,
                objects: &loss.objects,
            })
            .collect(),
        through: &lockout.through,
        members: &lockout.members,
        sessions: lockout
            .sessions
            .iter()
            .map(|seen| SessionRow {
                role: &seen.role,
                application: &seen.application,
                sessions: seen.sessions,
                since: seen.since.as_deref(),
            })
            .collect(),
    }
}
