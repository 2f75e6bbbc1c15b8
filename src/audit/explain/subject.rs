//! Which object a name means.

use anyhow::Result;

use crate::catalog::{Oid, Snapshot};
use crate::exit::usage;
use crate::session::quote;

/// What can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A table, view, sequence or foreign table.
    Relation(Oid),
    /// A function or procedure.
    Function(Oid),
    /// A role.
    Role(Oid),
}

/// An object, and what it may be called.
struct Named {
    subject: Subject,
    /// As findings print it.
    full: String,
    /// Other spellings: verbatim, without its schema, a function without its arguments.
    short: Vec<String>,
}

/// Names further from what was typed than this are not suggested.
const NEAR: f64 = 0.75;

impl Subject {
    /// Finds an object by the name that findings print, or by a part of it that is unique.
    ///
    /// # Errors
    /// A usage error that names the nearest object, or those among which the name does not decide.
    pub fn find(snapshot: &Snapshot, name: &str) -> Result<Self> {
        let named = all(snapshot);
        if let Some(found) = named.iter().find(|named| named.full == name) {
            return Ok(found.subject);
        }
        let called = |named: &&Named| named.short.iter().any(|short| short == name);
        match named.iter().filter(called).collect::<Vec<_>>().as_slice() {
            [one] => Ok(one.subject),
            [] => Err(usage(unknown(&named, name))),
            several => {
                let names: Vec<_> = several.iter().map(|named| named.full.as_str()).collect();
                Err(usage(format!(
                    "{name} is the name of several objects: {}",
                    names.join(", ")
                )))
            }
        }
    }
}

fn unknown(named: &[Named], name: &str) -> String {
    let likeness = |named: &Named| {
        let spellings = named.short.iter().chain([&named.full]);
        spellings
            .map(|spelling| strsim::jaro_winkler(spelling, name))
            .fold(0.0, f64::max)
    };
    let nearest = named
        .iter()
        .map(|named| (likeness(named), &named.full))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, full)| format!("; did you mean {full}?"));
    format!(
        "there is no relation, function or role {name}{}",
        nearest.unwrap_or_default()
    )
}

/// Everything that has a name, in order of the names.
fn all(snapshot: &Snapshot) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for relation in snapshot.relations.values() {
        let bare = vec![
            relation.verbatim(),
            relation.name.clone(),
            quote::ident(&relation.name),
        ];
        all.push(Named {
            subject: Subject::Relation(relation.oid),
            full: relation.qualified(),
            short: bare,
        });
    }
    for function in snapshot.functions.values() {
        let name = quote::ident(&function.name);
        all.push(Named {
            subject: Subject::Function(function.oid),
            full: function.signature(),
            short: vec![
                quote::qualified(&function.schema_name, &function.name),
                format!("{name}({})", function.argument_types),
                name,
            ],
        });
    }
    for role in snapshot.roles.values() {
        all.push(Named {
            subject: Subject::Role(role.oid),
            full: quote::ident(&role.name),
            short: vec![role.name.clone()],
        });
    }
    all.sort_by(|a, b| a.full.cmp(&b.full));
    all
}
