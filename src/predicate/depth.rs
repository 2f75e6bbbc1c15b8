//! How deep a text nests. The parser recurses, and so does whoever reads what it gives: a text that
//! would exhaust the stack is not read.

use std::thread;

use squawk_syntax::ast::AstNode;
use squawk_syntax::{SourceFile, SyntaxNode};

/// Longer texts are not parsed.
const MAX_BYTES: usize = 32 * 1024;
/// Deeper parentheses are not parsed.
const MAX_PARENS: usize = 200;
/// A text that gives a deeper tree is not read.
const MAX_TREE: usize = 500;
/// A text that is no longer cannot give a deeper one.
const SHORT: usize = 512;
/// What the parser needs at most for [`MAX_BYTES`] of whatever nests; touched only where it is used.
const STACK: usize = 256 << 20;

/// Whether a text is too long or too deep to be parsed on any stack.
pub(crate) fn is_too_deep(text: &str) -> bool {
    text.len() > MAX_BYTES || parens(text) > MAX_PARENS || (text.len() > SHORT && is_too_tall(text))
}

fn parens(text: &str) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' => now += 1,
            b')' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// Parses once where the stack is large enough, to see how deep it gets. There are too many ways to
/// nest (prefixes, ranges, joins, CASE) to tell them from the text.
fn is_too_tall(text: &str) -> bool {
    thread::scope(|scope| {
        let look = || is_deeper(SourceFile::parse(text).tree().syntax(), MAX_TREE);
        let looking = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, look);
        looking.map_or(true, |thread| thread.join().unwrap_or(true))
    })
}

fn is_deeper(tree: &SyntaxNode, limit: usize) -> bool {
    let mut rest = vec![(tree.clone(), 1)];
    while let Some((node, depth)) = rest.pop() {
        if depth > limit {
            return true;
        }
        rest.extend(node.children().map(|child| (child, depth + 1)));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_but_flat_is_read() {
        let list = vec!["'a'"; 2_000].join(", ");
        assert!(!is_too_deep(&format!("select x in ({list})")));
        assert!(!is_too_deep(&format!(
            "select {}",
            vec!["a"; 100].join(" or ")
        )));
        assert!(is_too_deep(&format!(
            "select {}",
            vec!["a"; 5_000].join(" or ")
        )));
    }

    /// Found by repeating whatever the parser knows.
    #[test]
    fn nothing_that_is_repeated_exhausts_the_stack() {
        let words = "not ( - case|when select| a. x|= array[ exists|(select a:: + @ a[1] row array interval \
            with|x|as values distinct x|between x|in x|is from|a|join select|1|union|all any begin if loop \
            select|*|from a|or a|and a|< a|^ a|like x|collate a|at|time|zone over all some lateral cast( \
            a|notnull escape when|a|then else f( f(a=> x|operator(+) ~ ! create|table with|recursive";
        let look = move || {
            for piece in words.split_whitespace().map(|word| word.replace('|', " ")) {
                for (end, size) in [("", 400), ("1", 3_000)] {
                    let text = format!("{piece} ").repeat(size / (piece.len() + 1)) + end;
                    let _ = (super::super::expression(&text), super::super::query(&text));
                }
            }
        };
        // As much as the program has.
        let thread = thread::Builder::new().stack_size(8 << 20);
        thread.spawn(look).unwrap().join().unwrap();
    }
}
