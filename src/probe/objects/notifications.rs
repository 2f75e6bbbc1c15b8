//! NOTIFY: every session of the database may LISTEN, to any channel, and reads what is sent.
//!
//! A notification is delivered when its transaction commits, and a probe commits nothing: judged from the functions
//! that tenant tables fire. `sql-notify`.

use super::super::channel::Channel;
use super::shown::Shown;
use super::{Collected, Stage};
use crate::catalog::{Function, Relation};
use crate::finding::{Class, Severity};
use crate::session::quote;

/// See [`Channel`].
pub(super) const CHANNEL: Channel = Channel {
    id: "probe-notify",
    title: "notifications carry another organization's rows",
    tries: "nothing is sent: notifications come with a commit, and nothing is committed. Judged from the functions that tenant tables fire: what they pass to pg_notify() of the row",
    why: "LISTEN takes no privilege and every channel is everybody's: each session of the database reads what is sent",
    class: Class::Surface,
    severity: Severity::High,
};

/// What a payload holds of the row that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Payload {
    Row,
    /// Columns other than those of keys.
    Columns(Vec<String>),
}

/// Looks at the functions that tenant tables fire.
pub(super) fn judge(stage: &Stage<'_, '_>, collected: &mut Collected) {
    let tenancy = stage.world.tenancy;
    for table in tenancy.by_name() {
        let relation = tenancy.relation(table);
        let fired = relation
            .triggers
            .iter()
            .filter(|trigger| trigger.enabled != 'D');
        for trigger in fired {
            let function = tenancy.snapshot.functions.get(&trigger.function);
            let Some((function, payload)) = function.and_then(|f| Some((f, payload(&f.body)?)))
            else {
                continue;
            };
            let keys = keys(relation);
            let told = match payload {
                Payload::Row => "the whole row".to_owned(),
                Payload::Columns(columns) => {
                    let is_told = |column: &&String| {
                        relation.column(column).is_some() && !keys.contains(&column.as_str())
                    };
                    let columns: Vec<String> = columns
                        .iter()
                        .filter(is_told)
                        .map(|column| quote::ident(column))
                        .collect();
                    if columns.is_empty() {
                        continue;
                    }
                    columns.join(", ")
                }
            };
            let shown = shown(stage, (function, relation), &told);
            collected.ledger.leak(None, shown.finding(stage.world));
        }
    }
}

fn shown(stage: &Stage<'_, '_>, (function, relation): (&Function, &Relation), told: &str) -> Shown {
    let (signature, table) = (function.signature(), relation.qualified());
    let app = stage.world.app_role();
    Shown {
        channel: &CHANNEL,
        severity: Severity::High,
        object: signature.clone(),
        message: format!(
            "{signature} sends {told} of {table} with NOTIFY, and {app} may LISTEN to every channel (judged from its \
             body: notifications come with a commit)"
        ),
        path: vec![
            "LISTEN".to_owned(),
            format!("{signature}, fired by {table}"),
            format!("{told} of every organization's rows as they are written"),
        ],
        evidence: Some(format!(
            "select pg_get_functiondef({}::regprocedure);",
            quote::literal(&signature)
        )),
        fix: Some(format!(
            "-- let {signature} send a key that says nothing by itself; who listens reads the row under the policies"
        )),
    }
}

/// The columns of keys and references: what a listener needs to look a row up.
fn keys(relation: &Relation) -> Vec<&str> {
    let of_indexes = relation
        .indexes
        .iter()
        .filter(|index| index.primary)
        .flat_map(|index| &index.columns);
    let of_constraints = relation
        .constraints
        .iter()
        .filter(|constraint| constraint.references != 0)
        .flat_map(|constraint| &constraint.columns);
    of_indexes
        .chain(of_constraints)
        .filter_map(|number| relation.attribute(*number))
        .map(|column| column.name.as_str())
        .collect()
}

/// What a body sends; `None` where it sends nothing of the row.
fn payload(body: &str) -> Option<Payload> {
    let lower = body.to_lowercase();
    let at = lower.find("pg_notify")?;
    let sent = arguments(&lower[at..]);
    let dense: String = sent.chars().filter(|c| !c.is_whitespace()).collect();
    let whole = |text: &str| {
        ["new", "old"].iter().any(|row| {
            ["to_json(", "to_jsonb(", "hstore("]
                .iter()
                .any(|make| text.contains(&format!("{make}{row})")))
                || text.contains(&format!("{row}::text"))
        })
    };
    if whole(&dense) {
        return Some(Payload::Row);
    }
    // A variable that was given the row before.
    let everything: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let names_row = dense.contains("new.") || dense.contains("old.");
    if !names_row && whole(&everything) {
        return Some(Payload::Row);
    }
    let mut columns: Vec<String> = Vec::new();
    let source = if names_row { &dense } else { &everything };
    for row in ["new.", "old."] {
        for (at, _) in source.match_indices(row) {
            let word = |c: char| !(c.is_alphanumeric() || c == '_');
            let column = source[at + row.len()..]
                .split(word)
                .next()
                .unwrap_or_default()
                .to_owned();
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    (names_row && !columns.is_empty()).then_some(Payload::Columns(columns))
}

/// What stands between the parentheses of the first call.
fn arguments(text: &str) -> &str {
    let Some(open) = text.find('(') else {
        return "";
    };
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[open..open + at];
        }
    }
    &text[open..]
}

#[cfg(test)]
mod tests {
    use super::{Payload, payload};

    #[test]
    fn what_a_payload_holds() {
        assert_eq!(
            payload("perform pg_notify('c', row_to_json(NEW)::text);"),
            Some(Payload::Row)
        );
        assert_eq!(
            payload("p := to_jsonb(new); perform pg_notify('c', p::text);"),
            Some(Payload::Row)
        );
        assert_eq!(
            payload("perform pg_notify('c', new.id || ':' || new.title);"),
            Some(Payload::Columns(vec!["id".into(), "title".into()]))
        );
        assert_eq!(
            payload("perform pg_notify('c', 'changed'); return new;"),
            None
        );
        assert_eq!(payload("return new;"), None);
    }
}
