//! The header of `check.sql`: lines of `-- key: value`, continued by `--   `.

use std::fmt;

use super::{Check, Engine, Needs, Tables};
use crate::finding::{Class, Severity};

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A line that is neither a field nor a continuation.
    NotAField(usize, String),
    /// A field that no check has.
    UnknownField(usize, String),
    /// A field twice.
    Repeated(usize, String),
    /// A field that every check has.
    Missing(&'static str),
    /// A value that is not one of those known.
    BadValue(&'static str, String),
    /// There is no SELECT below the header.
    NoQuery,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAField(line, text) => write!(f, "line {line}: not `-- key: value`: {text}"),
            Self::UnknownField(line, key) => write!(f, "line {line}: unknown field `{key}`"),
            Self::Repeated(line, key) => write!(f, "line {line}: `{key}` is there twice"),
            Self::Missing(key) => write!(f, "the header has no `-- {key}:`"),
            Self::BadValue(key, value) => write!(f, "`{key}: {value}` is not a known {key}"),
            Self::NoQuery => f.write_str("there is no query below the header"),
        }
    }
}

impl std::error::Error for Malformed {}

const FIELDS: [&str; 10] = [
    "title", "class", "severity", "why", "mend", "no-path", "source", "engine", "tables", "needs",
];

pub(super) fn parse(id: &str, text: &str) -> Result<Check, Malformed> {
    let mut fields: Vec<(&'static str, String)> = Vec::new();
    let mut body = 0;
    for (number, line) in text.lines().enumerate() {
        let Some(comment) = line.strip_prefix("--") else {
            break;
        };
        body += line.len() + 1;
        if let (Some(more), Some((_, value))) = (comment.strip_prefix("   "), fields.last_mut()) {
            value.push(' ');
            value.push_str(more.trim());
            continue;
        }
        let (key, value) = comment
            .split_once(':')
            .ok_or_else(|| Malformed::NotAField(number + 1, line.to_owned()))?;
        let key = key.trim();
        let known = FIELDS
            .into_iter()
            .find(|field| *field == key)
            .ok_or_else(|| Malformed::UnknownField(number + 1, key.to_owned()))?;
        if fields.iter().any(|(field, _)| *field == known) {
            return Err(Malformed::Repeated(number + 1, key.to_owned()));
        }
        fields.push((known, value.trim().to_owned()));
    }
    let sql = text
        .get(body..)
        .unwrap_or_default()
        .trim()
        .trim_end_matches(';')
        .trim_end();
    if sql.is_empty() {
        return Err(Malformed::NoQuery);
    }
    let optional = |key: &str| {
        fields
            .iter()
            .find(|(field, _)| *field == key)
            .map(|(_, value)| value.clone())
    };
    let needed = |key: &'static str| optional(key).ok_or(Malformed::Missing(key));
    Ok(Check {
        id: id.to_owned(),
        title: needed("title")?,
        class: word::<Class>("class", &needed("class")?)?,
        severity: word::<Severity>("severity", &needed("severity")?)?,
        why: needed("why")?,
        mend: optional("mend"),
        no_path: optional("no-path"),
        source: optional("source"),
        engine: engine(optional("engine").as_deref())?,
        tables: optional("tables").map_or(Ok(Tables::All), tables)?,
        needs: optional("needs").map(needs).transpose()?,
        sql: sql.to_owned(),
    })
}

fn tables(word: String) -> Result<Tables, Malformed> {
    Tables::parse(&word).ok_or(Malformed::BadValue("tables", word))
}

fn needs(word: String) -> Result<Needs, Malformed> {
    Needs::parse(&word).ok_or(Malformed::BadValue("needs", word))
}

fn engine(word: Option<&str>) -> Result<Engine, Malformed> {
    match word {
        None | Some("sql") => Ok(Engine::Sql),
        Some("paths") => Ok(Engine::Paths),
        Some("predicate") => Ok(Engine::Predicate),
        Some("server") => Ok(Engine::Server),
        Some(other) => Err(Malformed::BadValue("engine", other.to_owned())),
    }
}

/// One of an enum's words, as serde spells them.
fn word<T: serde::de::DeserializeOwned>(key: &'static str, value: &str) -> Result<T, Malformed> {
    serde_json::from_value(serde_json::Value::String(value.to_owned()))
        .map_err(|_| Malformed::BadValue(key, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "-- title: t\n-- class: role\n-- severity: high\n-- why: one\n--   two\nselect 1;\n";

    #[test]
    fn continuation_lines_are_joined() {
        let check = parse("x", GOOD).unwrap();
        assert_eq!(
            (check.why.as_str(), check.sql.as_str()),
            ("one two", "select 1")
        );
        assert_eq!(check.engine, Engine::Sql);
    }

    #[test]
    fn mistakes_are_named() {
        let with = |from: &str, to: &str| parse("x", &GOOD.replace(from, to)).unwrap_err();
        assert_eq!(
            with("title:", "titel:"),
            Malformed::UnknownField(1, "titel".into())
        );
        assert_eq!(
            with("high", "hgih"),
            Malformed::BadValue("severity", "hgih".into())
        );
        assert_eq!(
            with("-- severity: high\n", ""),
            Malformed::Missing("severity")
        );
        assert_eq!(with("select 1;", ""), Malformed::NoQuery);
        assert_eq!(
            with("-- class: role", "-- class: role\n-- class: role"),
            Malformed::Repeated(3, "class".into())
        );
    }
}
