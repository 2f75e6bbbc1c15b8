//! Names within SQL text, past its strings and quoted identifiers.

/// Pieces of SQL text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    /// A name as written, quotes included.
    Name(&'t str),
    /// Anything else.
    Rest(&'t str),
}

/// Whether the text uses this column's name, verbatim in `name`.
pub(in crate::probe) fn mentions(text: &str, name: &str) -> bool {
    let quoted = crate::session::quote::ident(name);
    pieces(text)
        .iter()
        .any(|piece| matches!(piece, Piece::Name(word) if *word == quoted || *word == name))
}

/// The text with a keyword-like name (`VALUE` of a domain's CHECK) replaced.
pub(in crate::probe) fn replaced(text: &str, name: &str, by: &str) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Name(word) if word == name => by,
            Piece::Name(word) | Piece::Rest(word) => word,
        })
        .collect()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => quoted(rest, '\''),
            '"' => quoted(rest, '"'),
            c if c.is_alphabetic() || c == '_' => rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(rest.len()),
            c if c.is_ascii_digit() => rest
                .find(|c: char| !(c.is_alphanumeric() || c == '.'))
                .unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        let is_name = first == '"' || first.is_alphabetic() || first == '_';
        found.push(if is_name {
            Piece::Name(piece)
        } else {
            Piece::Rest(piece)
        });
        rest = after;
    }
    found
}

/// The length of what stands in these quotes, both included; a doubled quote does not end it.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_string_is_no_name() {
        assert!(mentions("(status = 'x'::text)", "status"));
        assert!(!mentions("(kind = 'status'::text)", "status"));
        assert!(!mentions("(status_id = 1)", "status"));
        assert!(mentions("(\"Status\" = 1)", "Status"));
        assert!(!mentions("(\"a status\" = 1)", "status"));
    }

    #[test]
    fn value_becomes_a_column() {
        let text = "((VALUE ~ 'VALUE''VALUE'::text) AND (length(VALUE) > 1))";
        assert_eq!(
            replaced(text, "VALUE", "\"Code\""),
            "((\"Code\" ~ 'VALUE''VALUE'::text) AND (length(\"Code\") > 1))"
        );
    }

    #[test]
    fn what_does_not_end_is_kept() {
        for text in ["'abc", "\"abc", "a 'b''", "1e5x"] {
            assert_eq!(replaced(text, "VALUE", "x"), text);
        }
    }
}
