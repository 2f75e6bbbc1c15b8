//! `key=value` connection strings, as libpq splits them.

use super::keys::Settings;
use crate::exit;

/// Parses `host=db user='my user'`. Errors never quote the string: it may hold a password.
pub(super) fn parse(text: &str) -> anyhow::Result<Settings> {
    let mut settings = Settings::default();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let end = rest.find(|c| c == '=' || is_space(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(after) = after.trim_start_matches(is_space).strip_prefix('=') else {
            return Err(exit::usage(
                "the connection string is neither a postgres:// URI nor key=value pairs \
                 (a key without = after it)",
            ));
        };
        let (value, after) = value(after.trim_start_matches(is_space))?;
        settings.set(name, value)?;
        rest = after.trim_start_matches(is_space);
    }
    Ok(settings)
}

/// Reads one value, quoted or bare; a backslash takes the next character as it is.
fn value(text: &str) -> anyhow::Result<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            c if !quoted && is_space(c) => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted {
        return Err(exit::usage(
            "the connection string has a quote that is not closed",
        ));
    }
    Ok((value, ""))
}

/// C's `isspace` in the C locale, which is what libpq splits at.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}
