//! The application role: what it is, and why it is or is not fit.

use std::fmt::Write;

use super::style;
use super::table::plain_table;
use crate::role::portrait::Portrait;
use crate::session::quote::printable;

/// For people.
pub fn table(portrait: &Portrait) -> String {
    let mut out = String::new();
    if portrait.exists {
        let mut table = plain_table(None);
        table.set_header(["role", &printable(&portrait.role)]);
        for fact in &portrait.attributes {
            table.add_row([fact.name, &fact.value]);
        }
        let members = if portrait.member_of.is_empty() {
            "none".to_owned()
        } else {
            portrait.member_of.join(", ")
        };
        table.add_row(["member of", &printable(&members)]);
        for rights in &portrait.privileges {
            let held: Vec<String> = rights
                .held
                .iter()
                .map(|(word, count)| {
                    if *count == rights.tables {
                        word.clone()
                    } else {
                        format!("{word} ({count})")
                    }
                })
                .collect();
            let held = if held.is_empty() {
                "nothing".to_owned()
            } else {
                held.join(", ")
            };
            table.add_row([format!("on {} {}", rights.tables, rights.on), held]);
        }
        let _ = writeln!(out, "{table}");
    }
    for reason in &portrait.unfit {
        let _ = writeln!(
            out,
            "{}: {}\n  {}",
            style::bad("unfit"),
            printable(&reason.reason),
            style::dim(&printable(&reason.fix))
        );
    }
    if portrait.fit {
        let _ = writeln!(
            out,
            "{}: role {} can be the application's",
            style::good("fit"),
            printable(&portrait.role)
        );
    }
    out
}

/// For programs.
pub fn json(portrait: &Portrait) -> String {
    super::pretty(portrait)
}
