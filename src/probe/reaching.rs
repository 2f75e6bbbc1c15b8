//! Triggers that could reach outside of their transaction: what they do there no rollback takes back.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{ConstraintKind, Function, Oid, Relation, RelationKind, Snapshot};
use crate::finding::Operation;
use crate::session::quote;

/// Languages whose functions see nothing but the database, and whose text is looked at.
const CONFINED: [&str; 5] = ["sql", "plpgsql", "plperl", "pltcl", "plv8"];

/// Functions in C that contrib and PostgreSQL ship for triggers: they change the row, or nothing.
const KNOWN: [&str; 8] = [
    "autoinc",
    "check_foreign_key",
    "check_primary_key",
    "insert_username",
    "lo_manage",
    "moddatetime",
    "tsvector_update_trigger",
    "ttdummy",
];

/// Calls that act at once, by name or by the beginning of it: other connections, files, other
/// servers, sequences, processes of the server.
const AT_ONCE: [&str; 16] = [
    "dblink",
    "http",
    "lo_export",
    "lo_import",
    "pg_background_launch",
    "pg_cancel_backend",
    "pg_create_restore_point",
    "pg_file_",
    "pg_logical_emit_message",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_switch_wal",
    "pg_terminate_backend",
    "postgres_fdw_disconnect",
    "query_export_to_s3",
    "setval",
];

/// Calls that act when the transaction commits.
const AT_COMMIT: [&str; 5] = ["net.", "notify", "pg_notify", "pgmq.", "cron."];

/// `pg_trigger.tgtype`: what sets a trigger off.
const INSERT: i16 = 4;
const DELETE: i16 = 8;
const UPDATE: i16 = 16;

/// Which writes to a relation could reach outside, and why.
#[derive(Clone, Debug)]
pub(super) struct Outside {
    events: i16,
    pub(super) why: String,
}

impl Outside {
    /// Whether writes of this kind do.
    pub(super) fn on(&self, operation: Operation) -> bool {
        let events = match operation {
            Operation::Select => 0,
            Operation::Insert => INSERT,
            // ON CONFLICT DO UPDATE begins as an INSERT.
            Operation::Update => INSERT | UPDATE,
            Operation::Delete => DELETE,
        };
        self.events & events != 0
    }
}

/// The tables and views that have such triggers, or set them off elsewhere.
pub(super) fn outside(snapshot: &Snapshot, committed: bool) -> BTreeMap<Oid, Outside> {
    let mut found: BTreeMap<Oid, Outside> = BTreeMap::new();
    for relation in snapshot.relations.values() {
        if let Some(own) = own(snapshot, relation, committed) {
            found.insert(relation.oid, own);
        }
    }
    loop {
        let passed: Vec<(Oid, Outside)> = snapshot
            .relations
            .values()
            .flat_map(|relation| passed_on(relation, &found))
            .collect();
        let mut more = false;
        for (oid, outside) in passed {
            match found.get_mut(&oid) {
                Some(known) => {
                    more |= known.events | outside.events != known.events;
                    known.events |= outside.events;
                }
                None => {
                    found.insert(oid, outside);
                    more = true;
                }
            }
        }
        if !more {
            return found;
        }
    }
}

/// Partitions to their parents, cascades to what they start from, tables to views over them.
fn passed_on(relation: &Relation, found: &BTreeMap<Oid, Outside>) -> Vec<(Oid, Outside)> {
    if relation.kind == RelationKind::View {
        let below = relation.rules.iter().flat_map(|rule| &rule.refers_to);
        return below
            .filter_map(|oid| Some((relation.oid, found.get(oid)?.clone())))
            .collect();
    }
    let Some(own) = found.get(&relation.oid) else {
        return Vec::new();
    };
    let cascades = relation.constraints.iter().filter_map(|constraint| {
        // What becomes of the row here when the one that it refers to goes.
        let set_off = match constraint.on_delete {
            'c' => DELETE,
            'n' | 'd' => UPDATE,
            _ => 0,
        };
        let foreign = constraint.kind == ConstraintKind::Foreign;
        (foreign && own.events & set_off != 0).then(|| {
            let outside = Outside {
                events: DELETE,
                why: own.why.clone(),
            };
            (constraint.references, outside)
        })
    });
    let parents = relation.parents.iter().map(|oid| (*oid, own.clone()));
    cascades.chain(parents).collect()
}

fn own(snapshot: &Snapshot, relation: &Relation, committed: bool) -> Option<Outside> {
    let mut found: Option<Outside> = None;
    for trigger in &relation.triggers {
        let events = trigger.flags & (INSERT | DELETE | UPDATE);
        if trigger.enabled == 'D' || events == 0 {
            continue;
        }
        let Some(function) = snapshot.functions.get(&trigger.function) else {
            continue;
        };
        let Some(what) = reaches(snapshot, (function, committed), &mut BTreeSet::new()) else {
            continue;
        };
        match &mut found {
            Some(known) => known.events |= events,
            None => {
                found = Some(Outside {
                    events,
                    why: format!(
                        "trigger {} of {} could reach outside of the transaction ({what}); \
                         --yes-fire-triggers writes all the same",
                        quote::ident(&trigger.name),
                        relation.qualified(),
                    ),
                });
            }
        }
    }
    found
}

/// What a function, or one that it calls, could do outside.
fn reaches(
    snapshot: &Snapshot,
    (function, committed): (&Function, bool),
    seen: &mut BTreeSet<Oid>,
) -> Option<String> {
    if !seen.insert(function.oid) {
        return None;
    }
    let name = function.signature();
    match function.language.as_str() {
        "internal" => return None,
        "c" if KNOWN.contains(&function.name.as_str()) => return None,
        language if !CONFINED.contains(&language) => {
            return Some(format!("{name} is written in {language}"));
        }
        _ => {}
    }
    let text = without_comments(&function.body).to_lowercase();
    if let Some(call) = at_once(&text, &|name| written_here(snapshot, name)) {
        return Some(format!("{name} has {call}"));
    }
    if committed && let Some(call) = calls(&text).find(|call| begins(call, &AT_COMMIT)) {
        return Some(format!("{name} has {call}"));
    }
    let called: BTreeSet<&str> = calls(&text).map(bare).collect();
    snapshot
        .functions
        .values()
        .filter(|other| called.contains(other.name.as_str()))
        .find_map(|other| reaches(snapshot, (other, committed), seen))
}

/// A function of the team's own that only has such a name: its text says what it does.
fn written_here(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.functions.values().any(|function| {
        function.name == name
            && !function.of_extension
            && CONFINED.contains(&function.language.as_str())
    })
}

fn at_once<'t>(text: &'t str, own: &dyn Fn(&str) -> bool) -> Option<&'t str> {
    let program = words(text).any(|(word, _)| word == "program");
    if program && words(text).any(|(word, _)| word == "copy") {
        return Some("copy … program");
    }
    calls(text).find(|call| acts_at_once(bare(call)) && !own(bare(call)))
}

/// Whether a function of that name acts outside of its transaction as soon as it is called.
pub(super) fn acts_at_once(name: &str) -> bool {
    begins(name, &AT_ONCE)
}

fn begins(call: &str, names: &[&str]) -> bool {
    names.iter().any(|name| call.starts_with(name))
}

fn bare(call: &str) -> &str {
    call.rsplit('.').next().unwrap_or(call)
}

/// What is followed by a parenthesis, with its schema; `notify` and `perform` need none.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    words(text)
        .filter(|(word, rest)| *word == "notify" || rest.trim_start().starts_with('('))
        .map(|(word, _)| word)
}

/// The words of a text, each with what comes after it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let mut rest = text;
    std::iter::from_fn(move || {
        let from = rest.find(part)?;
        let tail = &rest[from..];
        let end = tail.find(|c| !part(c)).unwrap_or(tail.len());
        let (word, after) = tail.split_at(end);
        rest = after;
        Some((word, after))
    })
}

/// Comments do nothing. Texts stay: they may be executed.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let line = rest.find("--");
        let block = rest.find("/*");
        let (at, end) = match (line, block) {
            (Some(line), None) => (line, "\n"),
            (Some(line), Some(block)) if line < block => (line, "\n"),
            (_, Some(block)) => (block, "*/"),
            (None, None) => break,
        };
        kept += &rest[..at];
        kept.push(' ');
        match rest[at..].find(end) {
            Some(length) => rest = &rest[at + length + end.len()..],
            None => return kept,
        }
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::{at_once, begins, calls, without_comments};

    #[test]
    fn what_acts_at_once() {
        for (text, call) in [
            ("perform dblink_exec('x', 'y')", Some("dblink_exec")),
            (
                "perform extensions.http_post ('x')",
                Some("extensions.http_post"),
            ),
            (
                "copy (select 1) to program 'curl x'",
                Some("copy … program"),
            ),
            ("perform setval('s', 1)", Some("setval")),
            ("new.http_status := 200; return new", None),
            ("select program from t", None),
            ("perform http_own()", None),
            ("-- dblink('x')\nreturn new", None),
            ("/* dblink('x') */ return new", None),
            ("execute 'select dblink(''x'')'", Some("dblink")),
        ] {
            let text = without_comments(text);
            assert_eq!(at_once(&text, &|name| name == "http_own"), call, "{text}");
        }
    }

    #[test]
    fn what_acts_at_commit() {
        let says = |text: &'static str| calls(text).any(|call| begins(call, &super::AT_COMMIT));
        assert!(says("perform pg_notify('c', 'x')"));
        assert!(says("notify c, 'x'"));
        assert!(says("perform net.http_post('x')"));
        assert!(!says("insert into nets (a) values (1)"));
    }
}
