//! The application role: what it is, and why it is or is not fit.

use std::fmt::Write;

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

use super::style;
use crate::role::fitness::Unfit;
use crate::session::quote::printable;

/// A role as `role show` presents it.
#[derive(Clone, Debug, Serialize)]
pub struct Portrait {
    /// Contract version.
    pub schema_version: u8,
    /// The role.
    pub role: String,
    /// Whether it exists.
    pub exists: bool,
    /// Whether nothing speaks against it.
    pub fit: bool,
    /// LOGIN, SUPERUSER and so on, with connection limit.
    pub attributes: Vec<Fact>,
    /// Roles that it is a member of, directly.
    pub member_of: Vec<String>,
    /// Privileges by kind of table.
    pub privileges: Vec<Rights>,
    /// Why it is not fit.
    pub unfit: Vec<Reason>,
}

/// One attribute.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// Name.
    pub name: &'static str,
    /// Value, in words.
    pub value: String,
}

/// One kind of table.
#[derive(Clone, Debug, Serialize)]
pub struct Rights {
    /// `tenant tables`, `registry`, `shared tables`.
    pub on: &'static str,
    /// How many there are.
    pub tables: usize,
    /// Each privilege that is held, with the number of tables.
    pub held: Vec<(String, usize)>,
}

/// One reason and its fix.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// What is wrong.
    pub reason: String,
    /// What mends it.
    pub fix: String,
}

impl From<Unfit> for Reason {
    fn from(unfit: Unfit) -> Self {
        Self {
            reason: unfit.reason,
            fix: unfit.fix,
        }
    }
}

/// For people.
pub fn table(portrait: &Portrait, terminal: bool) -> String {
    let mut out = String::new();
    if portrait.exists {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        if terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
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
///
/// # Errors
/// None that can be caused by a role.
pub fn json(portrait: &Portrait) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(portrait)?))
}
