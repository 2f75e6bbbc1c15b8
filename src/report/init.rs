//! What `init` prints: what it decided, in short, and the next command.

use std::path::Path;

use super::table::plain_table;
use crate::init::{Note, Proposal};
use crate::session::quote::printable;

/// A table of the choices, the tables that nobody could classify, and what to do next.
pub fn summary(proposal: &Proposal, written: &Path, fit: bool) -> String {
    let mut table = plain_table(None);
    if !fit {
        table.force_no_tty();
    }
    table.set_header(["", "choice", "because"]);
    let mut row = |what: &str, value: &str, why: &str| {
        table.add_row([what.to_owned(), printable(value), printable(why)]);
    };
    let key = format!("{} ({})", proposal.key.value, proposal.key_type.sql());
    row("tenant key", &key, &proposal.key.why);
    let registry = format!(
        "{} ({})",
        proposal.registry.value, proposal.registry_id.value
    );
    row("registry", &registry, &proposal.registry.why);
    row("context", &proposal.context.value, &proposal.context.why);
    row("app role", &proposal.app_role.value, &proposal.app_role.why);
    row(
        "tables",
        &tables(proposal),
        &format!("in {}", proposal.schemas.join(", ")),
    );
    let mut text = format!("{table}\n");
    text.push_str(&unclear(&proposal.tables.unclassified));
    let next = if proposal.app_role_exists {
        "tenantctl audit"
    } else {
        "tenantctl role create"
    };
    text.push_str(&format!(
        "wrote {}; read its comments, then: {next}\n",
        printable(&written.display().to_string())
    ));
    text
}

fn tables(proposal: &Proposal) -> String {
    let tables = &proposal.tables;
    let parts = [
        (tables.keyed, "with the key"),
        (tables.key.len(), "with a key of another name"),
        (tables.via.len(), "via a parent"),
        (tables.shared.len(), "shared"),
        (tables.unclassified.len(), "unclear"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}

fn unclear(tables: &[Note]) -> String {
    const SHOWN: usize = 8;
    let mut text = String::new();
    for one in tables.iter().take(SHOWN) {
        text.push_str(&printable(&format!("unclear: {}: {}", one.name, one.why)));
        text.push('\n');
    }
    if tables.len() > SHOWN {
        text.push_str(&format!(
            "unclear: {} more, in the comments of the file\n",
            tables.len() - SHOWN
        ));
    }
    text
}
