//! What `org create` was asked for: checked as far as it can be before anything connects.

use anyhow::Result;

use super::Registry;
use super::registry::nearest;
use super::slug::{self, MAX_SLUG};
use crate::catalog::{Column, Snapshot};
use crate::exit::usage;
use crate::session::quote;
use crate::settings::KeyType;

/// More characters are not a name.
const MAX_NAME: usize = 10_000;

/// An organization to be made.
#[derive(Clone, Debug)]
pub struct Request {
    name: String,
    slug: Option<String>,
    id: Option<String>,
    set: Vec<(String, String)>,
}

/// A value for a column, as text.
#[derive(Clone, Debug)]
pub(super) struct Assignment<'a> {
    pub(super) column: &'a Column,
    pub(super) value: String,
    /// How it was asked for, for a message.
    pub(super) option: String,
}

impl Request {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A usage error that says what is wrong with the name, the slug, the id or a `--set`.
    pub fn new(
        name: &str,
        slug: Option<&str>,
        id: Option<&str>,
        set: &[String],
        key_type: KeyType,
    ) -> Result<Self> {
        if let Some(slug) = slug {
            slug::check(slug).map_err(|why| usage(format!("--slug: {why}")))?;
        }
        Ok(Self {
            name: checked_name(name)?,
            slug: slug.map(str::to_owned),
            id: id.map(|id| checked_id(id, key_type)).transpose()?,
            set: set
                .iter()
                .map(|pair| checked_pair(pair))
                .collect::<Result<_>>()?,
        })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id, if one was given.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether the slug was given, not made.
    pub fn has_slug(&self) -> bool {
        self.slug.is_some()
    }

    /// The slug for this registry: the one given, or one made of the name.
    ///
    /// # Errors
    /// A usage error: none can be made, or the registry has no column for the one given.
    pub fn slug_for(&self, registry: &Registry<'_>) -> Result<Option<String>> {
        let Some(column) = registry.slug else {
            return match self.slug {
                None => Ok(None),
                Some(_) => Err(usage(format!(
                    "--slug: the registry {} has no slug column; name it in [registry] slug",
                    registry.relation.verbatim()
                ))),
            };
        };
        if let Some(given) = &self.slug {
            return Ok(Some(given.clone()));
        }
        let room = registry.room(column).unwrap_or(MAX_SLUG);
        match slug::slug(&self.name, room) {
            Ok(made) if !made.is_empty() => Ok(Some(made)),
            Ok(_) => Err(usage(
                "no slug can be made of this name: it has no letter or digit; give one with --slug",
            )),
            Err(letter) => Err(usage(format!(
                "no slug can be made of this name: '{letter}' has no plain letter; give one with --slug"
            ))),
        }
    }

    /// Every column that is given a value. `id` is the one given or chosen, if any.
    ///
    /// # Errors
    /// A usage error that names an unknown column, or all that are missing.
    pub(super) fn assignments<'a>(
        &self,
        registry: &Registry<'a>,
        id: Option<String>,
    ) -> Result<Vec<Assignment<'a>>> {
        let slug = self.slug_for(registry)?;
        let mut found = Vec::new();
        let mut give = |column: Option<&'a Column>, value: Option<String>, option: &str| {
            if let (Some(column), Some(value)) = (column, value) {
                found.push(Assignment {
                    column,
                    value,
                    option: option.to_owned(),
                });
            }
        };
        give(Some(registry.id), id, "--id");
        give(registry.name, Some(self.name.clone()), "NAME");
        // Where one column serves as both, it holds the name.
        let both = registry.slug.map(|c| c.number) == registry.name.map(|c| c.number);
        give(registry.slug.filter(|_| !both), slug, "--slug");
        if registry.name.is_none() && registry.slug.is_none() {
            return Err(usage(format!(
                "the registry {} has neither a name nor a slug column; name one in [registry]",
                registry.relation.verbatim()
            )));
        }
        for (name, value) in &self.set {
            let column = settable(registry, name, &found)?;
            found.push(Assignment {
                column,
                value: value.clone(),
                option: format!("--set {name}"),
            });
        }
        nothing_is_missing(registry, &found)?;
        Ok(found)
    }
}

fn settable<'a>(
    registry: &Registry<'a>,
    name: &str,
    given: &[Assignment<'_>],
) -> Result<&'a Column> {
    let relation = registry.relation;
    let column = relation.column(name).ok_or_else(|| {
        let names: Vec<&str> = relation.columns.iter().map(|c| c.name.as_str()).collect();
        let hint = match nearest(name, names.iter()) {
            hint if hint.is_empty() => format!("; it has {}", names.join(", ")),
            hint => hint,
        };
        usage(format!(
            "--set: the registry {} has no column {name}{hint}",
            relation.verbatim()
        ))
    })?;
    if column.number == registry.id.number {
        return Err(usage(format!(
            "--set {name}: this is the id; give it with --id"
        )));
    }
    if column.generated {
        return Err(usage(format!(
            "--set {name}: the database computes this column"
        )));
    }
    if let Some(other) = given
        .iter()
        .find(|other| other.column.number == column.number)
    {
        return Err(usage(format!(
            "--set {name}: {} gives this column already",
            other.option
        )));
    }
    Ok(column)
}

/// NOT NULL, and nothing that fills it in.
fn nothing_is_missing(registry: &Registry<'_>, given: &[Assignment<'_>]) -> Result<()> {
    let missing: Vec<&Column> = registry
        .relation
        .columns
        .iter()
        .filter(|column| is_required(registry.snapshot, column))
        .filter(|column| !given.iter().any(|one| one.column.number == column.number))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let option = |column: &&Column| {
        if column.number == registry.id.number {
            "--id ID".to_owned()
        } else {
            format!("--set {}=…", column.name)
        }
    };
    let names: Vec<&str> = missing.iter().map(|column| column.name.as_str()).collect();
    let options: Vec<String> = missing.iter().map(option).collect();
    Err(usage(format!(
        "required column{} missing: {}; the registry {} has no default for {}, give {}",
        if names.len() == 1 { "" } else { "s" },
        names.join(", "),
        registry.relation.verbatim(),
        if names.len() == 1 { "it" } else { "them" },
        options.join(" ")
    )))
}

fn is_required(snapshot: &Snapshot, column: &Column) -> bool {
    let domain_says_so = || {
        let mut oid = column.type_oid;
        while let Some(found) = snapshot.types.get(&oid).filter(|found| found.kind == 'd') {
            if found.not_null {
                return true;
            }
            oid = found.base;
        }
        false
    };
    let filled = column.has_default || column.identity.is_some() || column.generated;
    !filled && (column.not_null || domain_says_so())
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(usage("the name is empty"));
    }
    let length = name.chars().count();
    if length > MAX_NAME {
        return Err(usage(format!(
            "the name has {length} characters, more than {MAX_NAME}"
        )));
    }
    // What `printable` spells out is what could rewrite or reorder the lines of a report.
    if quote::printable(name) != name {
        return Err(usage(format!(
            "the name holds control characters: {}",
            quote::printable(&name.chars().take(80).collect::<String>())
        )));
    }
    Ok(name.to_owned())
}

/// The id in the form in which the server prints it.
pub(super) fn checked_id(id: &str, key_type: KeyType) -> Result<String> {
    let wrong = |what: &str| {
        let shown: String = id.chars().take(80).collect();
        usage(format!("the id \"{shown}\" is not {what}"))
    };
    match key_type {
        KeyType::Uuid => uuid(id).ok_or_else(|| wrong("a uuid")),
        KeyType::Bigint => match id.parse::<i64>() {
            Ok(number) => Ok(number.to_string()),
            Err(_) => Err(wrong("a bigint")),
        },
        KeyType::Integer => match id.parse::<i32>() {
            Ok(number) => Ok(number.to_string()),
            Err(_) => Err(wrong("an integer")),
        },
        KeyType::Text if id.is_empty() => Err(usage("the id is empty")),
        KeyType::Text if id.len() > 1000 => Err(usage("the id has more than 1000 bytes")),
        KeyType::Text if quote::printable(id) != id => {
            Err(usage("the id holds control characters"))
        }
        KeyType::Text => Ok(id.to_owned()),
    }
}

/// Every spelling that the server takes: any case, braces, dashes or none.
fn uuid(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let digits: String = inner
        .unwrap_or(text)
        .chars()
        .filter(|c| *c != '-')
        .collect();
    if digits.len() != 32 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    Some(format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    ))
}

fn checked_pair(pair: &str) -> Result<(String, String)> {
    let Some((column, value)) = pair
        .split_once('=')
        .filter(|(column, _)| !column.is_empty())
    else {
        return Err(usage(format!(
            "--set: \"{pair}\" is not of the form column=value"
        )));
    };
    if pair.contains('\0') {
        return Err(usage("--set: a value cannot hold a NUL byte"));
    }
    Ok((column.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> String {
        Request::new(name, None, None, &[], KeyType::Uuid)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn names_that_are_none() {
        assert_eq!(refused("  "), "the name is empty");
        assert!(refused("a\0b").contains("the name holds control characters"));
        assert!(refused("a\u{202e}b").contains("\\u{202e}"));
        assert!(refused(&"x".repeat(1 << 20)).contains("the name has 1048576 characters"));
    }

    #[test]
    fn a_name_may_hold_quotes_and_any_script() {
        let request = Request::new("O'Reilly \"شركة\"", None, None, &[], KeyType::Uuid).unwrap();
        assert_eq!(request.name(), "O'Reilly \"شركة\"");
    }

    #[test]
    fn ids_are_checked_against_the_key_type() {
        let id = "{11111111-1111-4111-8111-11111111111A}";
        assert_eq!(
            checked_id(id, KeyType::Uuid).unwrap(),
            "11111111-1111-4111-8111-11111111111a"
        );
        assert_eq!(checked_id("+7", KeyType::Bigint).unwrap(), "7");
        assert!(checked_id("3000000000", KeyType::Integer).is_err());
        assert!(checked_id("nope", KeyType::Uuid).is_err());
        assert!(checked_id("", KeyType::Text).is_err());
    }

    #[test]
    fn a_pair_needs_a_column() {
        assert!(checked_pair("=x").is_err());
        assert!(checked_pair("x").is_err());
        assert_eq!(
            checked_pair("a=b=c").unwrap(),
            ("a".to_owned(), "b=c".to_owned())
        );
    }
}
