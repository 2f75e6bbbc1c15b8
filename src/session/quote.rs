//! Names and values as SQL text: quoted where PostgreSQL's own functions would quote them.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Keywords that `quote_ident` quotes (everything that is not "unreserved"), of versions 14 to 18
/// together: quoting one that an older server would not is harmless.
const KEYWORDS: &str = "all analyse analyze and any array as asc asymmetric authorization between \
    bigint binary bit boolean both case cast char character check coalesce collate collation \
    column concurrently constraint create cross current_catalog current_date current_role \
    current_schema current_time current_timestamp current_user dec decimal default deferrable \
    desc distinct do else end except exists extract false fetch float for foreign freeze from \
    full grant greatest group grouping having ilike in initially inner inout int integer \
    intersect interval into is isnull join json json_array json_arrayagg json_exists json_object \
    json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading \
    least left like limit localtime localtimestamp merge_action national natural nchar none \
    normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay \
    placing position precision primary real references returning right row select session_user \
    setof similar smallint some substring symmetric system_user table tablesample then time \
    timestamp to trailing treat trim true union unique user using values varchar variadic verbose \
    when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces \
    xmlparse xmlpi xmlroot xmlserialize xmltable";

/// A name as SQL text, quoted exactly where `quote_ident` would quote it.
///
/// The same text serves statements and reports, so that what a report shows can be pasted.
pub fn ident(name: &str) -> String {
    if is_plain(name) && !is_keyword(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A schema-qualified name.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

/// A string constant, for the few places where SQL takes no parameter (`SET`, `PASSWORD`,
/// policies). Written so that it means the same whatever `standard_conforming_strings` says.
pub fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if value.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// Text for a terminal: control bytes and characters that reorder or hide text are spelled out.
///
/// A table may legally be named with an escape sequence or a right-to-left override in it; shown
/// raw, such a name could rewrite the lines of a report.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_deceptive(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_keyword(name: &str) -> bool {
    /// Names are quoted by the ten thousand.
    static WORDS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| KEYWORDS.split_ascii_whitespace().collect());
    WORDS.contains(name)
}

/// Bidirectional controls, zero-width characters and the line separators that are not control
/// characters by Unicode's own definition. The joiners U+200C and U+200D stay: scripts need them.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text as one word of a shell, for a command to be copied.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        printable(&format!("'{}'", text.replace('\'', "'\\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a quoted or bare identifier back, as the server's scanner would.
    fn read_ident(text: &str) -> String {
        match text.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').unwrap().replace("\"\"", "\""),
            None => text.to_lowercase(),
        }
    }

    fn read_literal(text: &str) -> String {
        let (body, escapes) = match text.strip_prefix('E') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let body = body.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
        let body = body.replace("''", "'");
        if escapes {
            body.replace("\\\\", "\\")
        } else {
            body
        }
    }

    #[test]
    fn a_word_for_the_shell_is_one_word() {
        assert_eq!(shell_word("app_user"), "app_user");
        assert_eq!(shell_word("o'app user"), "'o'\\''app user'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn quotes_where_the_server_does() {
        for (name, text) in [
            ("orders", "orders"),
            ("_a1", "_a1"),
            ("Orders", "\"Orders\""),
            ("1a", "\"1a\""),
            ("", "\"\""),
            ("a$b", "\"a$b\""),
            ("a.b", "\"a.b\""),
            ("a\"b", "\"a\"\"b\""),
            ("größe", "\"größe\""),
            ("user", "\"user\""),
            ("name", "name"),
            ("current_schema", "\"current_schema\""),
        ] {
            assert_eq!(ident(name), text);
        }
        assert_eq!(qualified("public", "Order Items"), "public.\"Order Items\"");
    }

    #[test]
    fn literals() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(literal(""), "''");
    }

    #[test]
    fn printable_spells_out_what_a_terminal_would_obey() {
        assert_eq!(printable("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(printable("größe 🦀"), "größe 🦀");
        assert_eq!(printable("\u{9b}"), "\\u{9b}");
    }

    proptest! {
        #[test]
        fn identifiers_come_back(name in "\\PC*|[\"a-z_ ]{0,20}") {
            prop_assert_eq!(read_ident(&ident(&name)), name);
        }

        #[test]
        fn literals_come_back(value in "\\PC*|['\\\\a ]{0,20}") {
            prop_assert_eq!(read_literal(&literal(&value)), value);
        }

        #[test]
        fn printable_has_no_control(text in any::<String>()) {
            prop_assert!(!printable(&text).chars().any(|c| c.is_control() || is_deceptive(c)));
        }
    }
}
