//! A routine's body as a syntax tree: SQL statements, or a PL/pgSQL block.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};

use crate::catalog::Function;
use crate::predicate::depth::is_too_deep;
use crate::predicate::inline;

/// A body that was understood as syntax.
pub(super) enum Body {
    /// Statements of SQL.
    Statements(Vec<SyntaxNode>),
    /// PL/pgSQL.
    Block {
        block: ast::PlpgsqlBlock,
        into: Vec<Into>,
    },
}

/// `INTO v` of a statement: the parser knows INTO only as what makes a table.
pub(super) struct Into {
    /// Where it stood.
    at: usize,
    /// Raises unless there is exactly one row.
    pub(super) strict: bool,
    pub(super) variables: Vec<String>,
}

impl Into {
    /// Whether it stood within a range of the text.
    pub(super) fn is_within(&self, from: usize, to: usize) -> bool {
        (from..=to).contains(&self.at)
    }

    /// The INTO of a statement.
    pub(super) fn of<'i>(list: &'i [Self], statement: &SyntaxNode) -> Option<&'i Self> {
        let range = statement.text_range();
        let (from, to) = (usize::from(range.start()), usize::from(range.end()));
        list.iter().find(|into| into.is_within(from, to))
    }
}

/// The body of a function in SQL or PL/pgSQL; `None` where it does not parse.
pub(super) fn body(function: &Function) -> Option<Body> {
    let text = function.body.trim();
    if is_too_deep(text) {
        return None;
    }
    match function.language.as_str() {
        "sql" => {
            let text = inline::atomic(text).unwrap_or(text);
            match inline::strip_word(text, "return") {
                Some(value) => statements(&format!("select {value}")),
                None => statements(text),
            }
        }
        "plpgsql" => block(text),
        _ => None,
    }
}

/// Statements of SQL.
pub(super) fn statements(text: &str) -> Option<Body> {
    let parsed = SourceFile::parse(text);
    if !parsed.errors().is_empty() {
        return None;
    }
    let statements = parsed.tree().stmts();
    Some(Body::Statements(
        statements
            .map(|statement| statement.syntax().clone())
            .collect(),
    ))
}

fn block(text: &str) -> Option<Body> {
    let (blanked, into) = without_into(text)?;
    let parsed = plpgsql(&blanked)?;
    let block = parsed.block()?;
    Some(Body::Block { block, into })
}

/// The tree of a PL/pgSQL text, whether or not it has errors.
fn tree(text: &str) -> Option<(ast::Plpgsql, bool)> {
    let mut tag = "$body$".to_owned();
    while text.contains(&tag) {
        tag.insert(1, 'x');
    }
    let parsed = SourceFile::parse(&format!("do {tag}{text}{tag}"));
    let body = parsed
        .tree()
        .syntax()
        .descendants()
        .find_map(ast::Do::cast)?
        .plpgsql()?;
    let clean = body.errors().is_empty();
    Some((ast::Plpgsql::cast(body.syntax())?, clean))
}

fn plpgsql(text: &str) -> Option<ast::Plpgsql> {
    tree(text).and_then(|(tree, clean)| clean.then_some(tree))
}

/// The text with every INTO of a variable blanked, and what stood there.
fn without_into(text: &str) -> Option<(String, Vec<Into>)> {
    let (tree, _) = tree(text)?;
    let tokens: Vec<SyntaxToken> = tree
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT))
        .collect();
    let (mut bytes, mut found) = (text.as_bytes().to_vec(), Vec::new());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let of_variables = token.kind() == SyntaxKind::INTO_KW
            && !before.is_some_and(|before| {
                matches!(before.kind(), SyntaxKind::INSERT_KW | SyntaxKind::MERGE_KW)
            })
            && token
                .parent()
                .is_none_or(|parent| parent.kind() != SyntaxKind::PLPGSQL_INTO_CLAUSE);
        if !of_variables {
            at += 1;
            continue;
        }
        let (into, next) = variables(&tokens, at);
        let end = usize::from(tokens[next - 1].text_range().end());
        let start = into.at;
        bytes.get_mut(start..end)?.fill(b' ');
        found.push(into);
        at = next;
    }
    Some((String::from_utf8(bytes).ok()?, found))
}

/// The variables after an INTO, and the index of the token after them.
fn variables(tokens: &[SyntaxToken], at: usize) -> (Into, usize) {
    let mut next = at + 1;
    let is = |next: usize, kind: SyntaxKind| tokens.get(next).is_some_and(|t| t.kind() == kind);
    let strict = is(next, SyntaxKind::STRICT_KW);
    next += usize::from(strict);
    let mut variables = Vec::new();
    while let Some(token) = tokens.get(next) {
        let mut name = token.text().trim_matches('"').to_lowercase();
        next += 1;
        while is(next, SyntaxKind::DOT) {
            name.push('.');
            name.push_str(tokens.get(next + 1).map_or("", |token| token.text()));
            next += 2;
        }
        variables.push(name);
        if !is(next, SyntaxKind::COMMA) {
            break;
        }
        next += 1;
    }
    let into = Into {
        at: usize::from(tokens[at].text_range().start()),
        strict,
        variables,
    };
    (into, next.min(tokens.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn into_is_taken_out_and_kept() {
        let text = "BEGIN SELECT a.x, b INTO STRICT v, r.f FROM public.t a WHERE k = p; INSERT INTO t VALUES (1) RETURNING id INTO w; END";
        let (blanked, into) = without_into(text).unwrap();
        assert_eq!(blanked.len(), text.len());
        assert!(blanked.contains("INSERT INTO t") && !blanked.contains("STRICT"));
        assert!(into[0].strict && !into[1].strict);
        assert_eq!(into[0].variables, ["v", "r.f"]);
        assert_eq!(into[1].variables, ["w"]);
        assert!(plpgsql(&blanked).is_some());
    }

    #[test]
    fn a_broken_body_is_none() {
        assert!(block("BEGIN SELECT FROM WHERE; END").is_none());
        assert!(block("").is_none());
    }
}
