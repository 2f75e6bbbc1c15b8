//! The text of a proposed tenantctl.toml: every value under the evidence for it.

use super::{Choice, Entry, Note, Proposal};
use crate::session::quote::printable;

/// Comments are broken so that no line is longer.
const WIDTH: usize = 96;

/// More tables than this are counted and not named in a comment.
const NAMED: usize = 40;

/// Writes the proposal as a configuration file.
pub fn write(proposal: &Proposal) -> String {
    let mut text = Text::default();
    text.comment(&format!(
        "How tenancy works in database {}, as `tenantctl init` found it.",
        proposal.database
    ));
    text.comment("The comments say what each choice was seen in. Read them, correct what is wrong, keep this file with your code.");
    tenancy(&mut text, proposal);
    tables(&mut text, proposal);
    registry(&mut text, proposal);
    policy(&mut text, proposal);
    text.section("probe");
    text.comment("Names of databases and hosts that `tenantctl probe` must not write to, not even in a transaction that it rolls back.");
    text.line("refuse = [\"*prod*\"]");
    text.section("role");
    text.comment("How many connections the application's role may hold at once; -1 is no limit.");
    text.line(&format!("connection_limit = {}", proposal.connection_limit));
    text.blank();
    text.comment("A finding that was looked at and accepted:");
    for line in [
        "[[allow]]",
        "check = \"foreign-key-oracle\"",
        "object = \"public.orders\"",
        "reason = \"why it may stay\"",
        "expires = 2030-12-31",
    ] {
        text.line(&format!("# {line}"));
    }
    text.0
}

fn tenancy(text: &mut Text, proposal: &Proposal) {
    text.section("tenancy");
    text.comment("The column that names a row's tenant.");
    text.choice("key", &proposal.key);
    text.blank();
    text.comment("Its type: uuid, bigint, integer or text.");
    text.line(&format!("key_type = {}", string(proposal.key_type.sql())));
    text.blank();
    text.comment("The setting in which the application says who the current tenant is: set local <context> = '…'.");
    text.choice("context", &proposal.context);
    text.blank();
    text.comment("The table of tenants.");
    text.choice("registry", &proposal.registry);
    text.blank();
    text.comment("The column there that the key names.");
    text.choice("registry_id", &proposal.registry_id);
    text.blank();
    text.comment(
        "What the application logs in as: never a superuser, never the owner of the tables.",
    );
    text.choice("app_role", &proposal.app_role);
    text.blank();
    text.comment("Where tenant tables live.");
    let schemas: Vec<String> = proposal.schemas.iter().map(|one| string(one)).collect();
    text.line(&format!("schemas = [{}]", schemas.join(", ")));
}

fn tables(text: &mut Text, proposal: &Proposal) {
    let tables = &proposal.tables;
    text.section("tables");
    text.comment("Reference data: every tenant may read it, none may write it. Make sure that no row of these is one tenant's: nothing will protect it.");
    if tables.shared.is_empty() {
        text.line("shared = []");
    } else {
        text.line("shared = [");
        for one in &tables.shared {
            text.line(&format!(
                "    {}, # {}",
                string(&one.name),
                printable(&one.why)
            ));
        }
        text.line("]");
    }
    if !tables.unclassified.is_empty() {
        text.blank();
        text.comment("Nothing tells what these are. `audit` reports each that the application can reach, until it is put above or below:");
        text.list(&tables.unclassified);
    }
    text.section("tables.key");
    text.comment("Tables whose tenant key has another name: \"schema.table\" = \"column\".");
    text.entries(&tables.key);
    text.section("tables.via");
    text.comment("Tables without the key, whose rows belong to the tenant of their parent: \"schema.table\" = \"column -> schema.parent.column\".");
    text.entries(&tables.via);
}

fn registry(text: &mut Text, proposal: &Proposal) {
    text.section("registry");
    text.comment("What `tenantctl org` fills in, and shows.");
    let columns = [
        ("name", &proposal.name, "an organization's name"),
        ("slug", &proposal.slug, "its short name in addresses"),
        (
            "active",
            &proposal.active,
            "a boolean: whether it is active",
        ),
    ];
    for (key, choice, what) in columns {
        match choice {
            Some(choice) => text.line(&format!(
                "{key} = {} # {}",
                string(&choice.value),
                printable(&choice.why)
            )),
            None => text.comment(&format!("{key} = \"…\" ({what}; no such column was found)")),
        }
    }
}

fn policy(text: &mut Text, proposal: &Proposal) {
    text.section("policy");
    text.comment("What `apply` calls the policies; {table} stands for the table's name.");
    text.choice("name", &proposal.policy_name);
    text.comment(
        "Also a RESTRICTIVE policy for everybody, so that no policy added later can widen access.",
    );
    text.line("guard = true");
    text.comment("What a session without a tenant sees: \"deny\" no rows, \"error\" an error.");
    match &proposal.raises {
        Some(why) => {
            text.comment(&format!("{}.", capital(why)));
            text.line("missing_context = \"error\"");
        }
        None => text.line("missing_context = \"deny\""),
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn section(&mut self, name: &str) {
        self.blank();
        self.line(&format!("[{name}]"));
    }

    fn comment(&mut self, comment: &str) {
        self.indented("", comment);
    }

    /// A comment, broken at spaces. A name with a line break in it must not end the comment.
    fn indented(&mut self, indent: &str, comment: &str) {
        let start = format!("#{indent}");
        let mut line = start.clone();
        for word in printable(comment).split(' ') {
            let full = line.chars().count() + 1 + word.chars().count() > WIDTH;
            if full && line.len() > start.len() {
                self.line(&line);
                // What continues an entry of a list stands deeper than the next entry.
                line = format!("{start}{indent}");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(&line);
    }

    fn choice(&mut self, key: &str, choice: &Choice) {
        self.comment(&format!("{}.", capital(&choice.why)));
        if !choice.others.is_empty() {
            self.comment("It could also be:");
            self.list(&choice.others);
        }
        self.line(&format!("{key} = {}", string(&choice.value)));
    }

    fn list(&mut self, notes: &[Note]) {
        for note in notes.iter().take(NAMED) {
            self.indented("  ", &format!("{}: {}", note.name, note.why));
        }
        if notes.len() > NAMED {
            self.indented("  ", &format!("… and {} more", notes.len() - NAMED));
        }
    }

    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.comment(&format!("{} {}.", entry.table, entry.why));
            self.line(&format!(
                "{} = {}",
                string(&entry.table),
                string(&entry.value)
            ));
        }
    }
}

/// A basic string of TOML.
fn string(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || printable(c.encode_utf8(&mut [0; 4])) != c.to_string() => {
                out.push_str(&format!("\\U{:08X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_comment_cannot_be_left() {
        let mut text = Text::default();
        text.comment("table a\nkey = 'x' is\r\nodd");
        assert_eq!(text.0.lines().count(), 1, "{}", text.0);
    }

    #[test]
    fn long_comments_are_broken() {
        let mut text = Text::default();
        text.comment(&"word ".repeat(100));
        assert!(text.0.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.0.lines().all(|line| line.starts_with("# ")));
    }

    proptest! {
        #[test]
        fn strings_come_back(value in any::<String>()) {
            let line = format!("{} = {}", string(&value), string(&value));
            let table: toml::Table = toml::from_str(&line).unwrap();
            prop_assert_eq!(table.get(&value).and_then(|found| found.as_str()), Some(value.as_str()));
        }
    }
}
