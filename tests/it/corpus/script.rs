//! Runs a case's scripts as psql does: statement by statement, each committed by itself unless the
//! script opened a transaction.

use std::iter::Peekable;
use std::process::Command;
use std::str::CharIndices;

use crate::support::{Server, Session};

/// Cuts a script into statements where psql would.
struct Cutter<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// Open parentheses: a rule's actions have semicolons between them.
    parens: usize,
    /// Words of the statement so far, for the bodies that are SQL and not a string.
    words: Vec<String>,
    /// Open BEGIN ATOMIC and CASE.
    blocks: usize,
}

/// The statements of a script.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let cutter = Cutter {
        text,
        rest: text.char_indices().peekable(),
        parens: 0,
        words: Vec::new(),
        blocks: 0,
    };
    cutter.cut()
}

impl<'a> Cutter<'a> {
    fn cut(mut self) -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut start = 0;
        let mut empty = true;
        while let Some((at, char)) = self.rest.next() {
            let next = self.rest.peek().map(|(_, next)| *next);
            match char {
                ';' if self.parens == 0 && self.blocks == 0 => {
                    if !empty {
                        found.push(self.text[start..at].trim());
                    }
                    (start, empty) = (at + 1, true);
                    self.words.clear();
                    continue;
                }
                '-' if next == Some('-') => {
                    self.skip_to("\n", at);
                    continue;
                }
                '/' if next == Some('*') => {
                    self.comment();
                    continue;
                }
                '(' => self.parens += 1,
                ')' => self.parens = self.parens.saturating_sub(1),
                '\'' => self.quoted('\'', self.escapes(at)),
                '"' => self.quoted('"', false),
                '$' => self.dollar(at),
                _ if char.is_alphabetic() || char == '_' => self.word(at),
                _ => {}
            }
            empty &= char.is_whitespace();
        }
        if !empty {
            found.push(self.text[start..].trim());
        }
        found
    }

    /// Whether the quote at `at` opens a string in which a backslash escapes.
    fn escapes(&self, at: usize) -> bool {
        let before = &self.text[..at];
        let inside = |char: char| char.is_alphanumeric() || char == '_';
        before.ends_with(['e', 'E']) && !before[..at - 1].ends_with(inside)
    }

    fn quoted(&mut self, quote: char, escapes: bool) {
        while let Some((_, char)) = self.rest.next() {
            // A doubled quote ends one string and begins the next: nothing to do.
            if char == '\\' && escapes {
                self.rest.next();
            } else if char == quote {
                return;
            }
        }
    }

    /// `$tag$ … $tag$`; a parameter's `$1` is no quote.
    fn dollar(&mut self, at: usize) {
        let after = &self.text[at + 1..];
        let Some((tag, _)) = after.split_once('$') else {
            return;
        };
        let name = |char: char| char.is_alphanumeric() || char == '_';
        if tag.chars().all(name) && !tag.starts_with(|char: char| char.is_ascii_digit()) {
            self.skip_to(&format!("${tag}$"), at + tag.len() + 2);
        }
    }

    /// Goes on after the next `end` from `from` on.
    fn skip_to(&mut self, end: &str, from: usize) {
        let past = self.text[from..].find(end);
        let past = past.map_or(self.text.len(), |found| from + found + end.len());
        while self.rest.next_if(|(at, _)| *at < past).is_some() {}
    }

    fn comment(&mut self) {
        self.rest.next();
        let mut depth = 1;
        while let Some((_, char)) = self.rest.next() {
            match (char, self.rest.peek().map(|(_, next)| *next)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => continue,
            }
            self.rest.next();
            if depth == 0 {
                return;
            }
        }
    }

    fn word(&mut self, at: usize) {
        let inside = |char: char| char.is_alphanumeric() || "_$".contains(char);
        while self.rest.next_if(|(_, char)| inside(*char)).is_some() {}
        let end = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        self.words.push(self.text[at..end].to_lowercase());
        let routine = self.words[0] == "create"
            && self.words[..self.words.len().min(4)]
                .iter()
                .any(|word| word == "function" || word == "procedure");
        match self.words.last().map(String::as_str) {
            Some("atomic") if routine => self.blocks = 1,
            Some("case") if self.blocks > 0 => self.blocks += 1,
            Some("end") => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }
}

/// Runs a script that must not fail, and returns what its last result set says.
pub(super) fn run(session: &Session, text: &str) -> Result<Option<String>, String> {
    let mut last = None;
    for statement in statements(text) {
        let sets = session.sets(statement);
        let sets = sets.map_err(|why| format!("{why}, running:\n{statement}"))?;
        last = sets.into_iter().last().or(last);
    }
    match last.as_deref() {
        None => Ok(None),
        Some([row]) if row.len() == 1 => Ok(row[0].clone()),
        Some(rows) => Err(format!("the last result set is not one value: {rows:?}")),
    }
}

/// Whether a script has commands that are psql's own.
pub(super) fn needs_psql(text: &str) -> bool {
    let own = |line: &str| line.starts_with('\\') || line.ends_with("\\gset");
    text.lines().any(|line| own(line.trim()))
}

/// Runs a script by psql, and returns what its last result set says; `None` without a psql.
///
/// The role's password is its name, and also in the environment: a script may start another psql.
pub(super) fn by_psql(
    server: &Server,
    (url, role): (&str, &str),
    script: &str,
) -> Option<Result<String, String>> {
    let beside = server.sandbox.bin_dir().join("psql");
    let psql = if beside.exists() {
        beside
    } else {
        "psql".into()
    };
    let mut command = Command::new(psql);
    command.args(["-X", "-w", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
    command
        .args(["-d", url, "-f", script])
        .env("PGPASSWORD", role);
    let done = command.output().ok()?;
    let [out, err] = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap());
    Some(if done.status.success() {
        Ok(out.lines().last().unwrap_or_default().to_owned())
    } else {
        Err(err)
    })
}

#[test]
fn a_script_is_cut_where_psql_cuts_it() {
    let cut = statements(
        "select ';', E'\\';', '\\', \"a;\"; -- one; two\n\
         /* a; /* b; */ c; */ do $x$ begin; $$;$$ end; $x$;;\n\
         create rule r as on insert to t do (delete from t; select 1);\n\
         create or replace function f() returns int begin atomic select case when true then 1 end; end;\n\
         begin; select $1; end; select 1",
    );
    let starts: Vec<&str> = cut
        .iter()
        .map(|statement| statement.split(['(', ' ', '$']).next().unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            "select", "--", "create", "create", "begin", "select", "end", "select"
        ]
    );
    assert!(cut[3].ends_with("end; end"), "{cut:?}");
    assert!(statements(" -- nothing\n;; /* ; */ ").is_empty());
}
