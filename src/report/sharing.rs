//! Connections that organizations share: in a pool of ours, and through a pooler.

use std::fmt::Write;

use super::model::Sharing;
use super::style;
use super::table::plain_table;
use crate::probe::Interleaved;
use crate::probe::pooler::{Pooled, Safety};
use crate::session::quote::printable;

/// The section of a report; without a pooler a line, and only where something was seen or
/// `details` are wanted.
pub(super) fn text(sharing: &Sharing, details: bool, out: &mut String) {
    if let Some(turns) = &sharing.interleaved
        && (details || turns.seen > 0)
    {
        let _ = writeln!(out, "{}\n", taken(turns));
    }
    if let Some(pooled) = &sharing.pooled {
        pooler(pooled, out);
    }
}

fn taken(turns: &Interleaved) -> String {
    let seen = match turns.seen {
        0 => "no row of the other was seen".to_owned(),
        seen => style::bad(&format!("a row of the other was seen {seen} times")),
    };
    format!(
        "two organizations took {} turns on {} connections, over {} {}: {seen}",
        turns.switches,
        turns.connections,
        turns.tables,
        if turns.tables == 1 { "table" } else { "tables" }
    )
}

fn pooler(pooled: &Pooled, out: &mut String) {
    let _ = writeln!(
        out,
        "{}: {} ({} clients on {} connections to the server)",
        style::bold("pooler"),
        pooled.mode.words(),
        pooled.clients,
        pooled.servers
    );
    if pooled.ways.is_empty() {
        out.push('\n');
        return;
    }
    let mut table = plain_table(None);
    table.set_header(["what one client did", "done", "others there", "seen", ""]);
    for tried in &pooled.ways {
        let verdict = match tried.verdict {
            Safety::Safe => style::good("safe"),
            Safety::Leaks => style::bad("reaches others"),
            Safety::Refused => style::dim("not possible"),
            Safety::NoEffect => style::dim("has no effect"),
            Safety::Unproven => "unproven".to_owned(),
        };
        table.add_row([
            tried.way.what().to_owned(),
            tried.done.to_string(),
            tried.visits.to_string(),
            tried.seen.to_string(),
            verdict,
        ]);
    }
    let _ = writeln!(out, "{table}");
    for tried in &pooled.ways {
        if let Some(why) = &tried.why {
            let _ = writeln!(out, "{}: {}", tried.way.what(), printable(why));
        }
    }
    if let Some(turns) = &pooled.interleaved {
        let _ = writeln!(out, "{}", taken(turns));
    }
    if let Some(way) = pooled.use_way {
        let _ = writeln!(out, "set the context by: {way}");
    }
    out.push('\n');
}
