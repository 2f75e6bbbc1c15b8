//! What the trials come to: a way that is safe, and what is wrong.

use std::collections::BTreeSet;

use super::super::channel::Channel;
use super::Pooled;
use super::clients::SENTINEL;
use super::detect::Mode;
use super::way::{Safety, Tried, Way};
use crate::finding::{Class, Finding, Severity};
use crate::session::quote;
use crate::tenancy::Tenancy;

const LEFT: Channel = Channel {
    id: "probe-pooler-context-left",
    title: "the pooler hands out connections with somebody's context",
    tries: "many clients ask, through the pooler and before they set anything, what the context is",
    why: "whoever forgets to set it works as the organization that used the connection before",
    class: Class::Context,
    severity: Severity::Critical,
};

const SHARES: Channel = Channel {
    id: "probe-pooler-shares-settings",
    title: "the pooler hands what one client sets to others",
    tries: "a setting of the probe's own, by every way of setting one, read by other clients that get the same connection",
    why: "SET lasts for the connection, and the next transaction on it may be another organization's; only what ends with the \
          transaction is safe there",
    class: Class::Context,
    severity: Severity::Medium,
};

const KEEPS: Channel = Channel {
    id: "probe-pooler-keeps-local",
    title: "what was set for a transaction outlives it behind the pooler",
    tries: "SET LOCAL and set_config(…, true) in a transaction, read by other clients after its end",
    why: "it is the way that applications are told to use; if it is not safe, none is",
    class: Class::Context,
    severity: Severity::Critical,
};

/// What is tried through a pooler.
pub(in crate::probe) const CHANNELS: &[Channel] = &[LEFT, SHARES, KEEPS];

/// The first way that nothing leaks by; local ones before those that somebody has to undo.
pub(super) fn safe_way(mode: Mode, ways: &[Tried]) -> Option<Way> {
    let safe = |tried: &&Tried| tried.verdict == Safety::Safe && tried.way != Way::Prepared;
    ways.iter()
        .find(safe)
        .filter(|_| mode != Mode::Unshared)
        .map(|tried| tried.way)
}

/// Findings, notes, and why nothing can be told.
pub(super) fn judge(pooled: &mut Pooled, (tenancy, left): (&Tenancy<'_>, &BTreeSet<String>)) {
    if let Some(turns) = &pooled.interleaved {
        pooled.findings.extend(turns.findings.iter().cloned());
        pooled.notes.extend(turns.notes.iter().cloned());
    }
    if !left.is_empty() && !is_preset(tenancy) {
        pooled.findings.push(left_behind(tenancy, left));
    }
    if pooled.mode == Mode::Unshared {
        pooled.unproven = Some(
            "no connection to the server was seen in the hands of two clients: --pooler-url leads to \
             no pooler, or to one with more connections than it was asked for"
                .to_owned(),
        );
        return;
    }
    let leaks = |wanted: fn(Way) -> bool| {
        let leaking = |tried: &&Tried| tried.verdict == Safety::Leaks && wanted(tried.way);
        let names = pooled.ways.iter().filter(leaking);
        names.map(|tried| tried.way.what()).collect::<Vec<_>>()
    };
    let (local, lasting) = (
        leaks(Way::is_local),
        leaks(|way| !way.is_local() && way != Way::Prepared),
    );
    if !local.is_empty() {
        pooled.findings.push(shared(
            tenancy,
            (KEEPS.id, Severity::Critical),
            (pooled.mode, &local),
        ));
    }
    if !lasting.is_empty() {
        // Where clients come and go, a connection is expected to be as new; where they share one
        // from transaction to transaction nobody expects it, and SET LOCAL is what is used.
        let severity = match (pooled.mode, pooled.use_way) {
            (Mode::Session, _) | (_, None) => Severity::Medium,
            _ => Severity::Low,
        };
        pooled.findings.push(shared(
            tenancy,
            (SHARES.id, severity),
            (pooled.mode, &lasting),
        ));
    }
    if pooled.use_way.is_none() {
        pooled.unproven = Some(format!(
            "no way of setting the context was seen to be safe with this pooler ({})",
            pooled.mode.words()
        ));
    }
}

/// ALTER ROLE or DATABASE … SET of the context: found without a pooler, too.
fn is_preset(tenancy: &Tenancy<'_>) -> bool {
    let context = &tenancy.settings.tenancy.context;
    let settings = tenancy.snapshot.role_settings.iter();
    let names = settings.flat_map(|of| &of.settings);
    names
        .filter_map(|setting| setting.split_once('='))
        .any(|(name, _)| name.eq_ignore_ascii_case(context))
}

fn left_behind(tenancy: &Tenancy<'_>, left: &BTreeSet<String>) -> Finding {
    let tenancy = &tenancy.settings.tenancy;
    let (app, context) = (&tenancy.app_role, &tenancy.context);
    let example = left.iter().next().map_or("", String::as_str);
    Finding {
        check: LEFT.id.to_owned(),
        class: LEFT.class,
        severity: LEFT.severity,
        object: context.clone(),
        message: format!(
            "the pooler handed out connections on which {context} was set already, to {} \
             different values such as {}: another client has left it there",
            left.len(),
            quote::printable(example)
        ),
        path: vec![
            app.clone(),
            "a connection of the pooler that another client used before".to_owned(),
            format!("{context} still set"),
        ],
        evidence: Some(format!(
            "/* as {app}, through the pooler, several times */ SELECT pg_backend_pid(), \
             current_setting({}, true);",
            quote::literal(context)
        )),
        fix: Some(
            "-- set the context by SET LOCAL or set_config(…, true) inside of each transaction"
                .to_owned(),
        ),
    }
}

fn shared(
    tenancy: &Tenancy<'_>,
    (check, severity): (&str, Severity),
    (mode, ways): (Mode, &[&str]),
) -> Finding {
    let tenancy = &tenancy.settings.tenancy;
    let (app, context) = (&tenancy.app_role, &tenancy.context);
    let fix = match mode {
        Mode::Session => {
            "-- have the pooler clean connections between clients (PgBouncer: server_reset_query = DISCARD ALL)"
        }
        _ => {
            "-- set the context by SET LOCAL or set_config(…, true) inside of each transaction, nothing else"
        }
    };
    Finding {
        check: check.to_owned(),
        class: Class::Context,
        severity,
        object: context.clone(),
        message: format!(
            "the pooler ({}) hands what one client sets to others, where it is set by {}: an \
             application that sets {context} so works for one organization under the context of another",
            mode.words(),
            ways.join(", ")
        ),
        path: vec![
            app.clone(),
            "a connection of the pooler that another client used before".to_owned(),
        ],
        evidence: Some(format!(
            "/* as {app}, one client of the pooler */ SET {SENTINEL} = 'seen'; \
             /* another, until it is on the same connection */ SELECT pg_backend_pid(), \
             current_setting('{SENTINEL}', true);"
        )),
        fix: Some(fix.to_owned()),
    }
}
