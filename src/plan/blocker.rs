//! Who stands in the way of a lock, told without tenants' data.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::predicate::parse::statement_node;
use crate::session::quote::printable;

/// More characters of a statement are cut.
const LONG: usize = 80;

/// The columns that [`told`] takes, for backends that keep this one waiting.
pub(super) fn question(pid: i32) -> String {
    format!(
        "select b.pid, coalesce(a.usename, '?'), coalesce(a.state, 'running'),
                coalesce(pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp()
                         - coalesce(a.xact_start, a.state_change))), 0),
                coalesce(a.query, '')
         from (select distinct p.pid
               from pg_catalog.unnest(pg_catalog.pg_blocking_pids({pid})) as p (pid)) b
         left join pg_catalog.pg_stat_activity a on a.pid = b.pid
         order by b.pid"
    )
}

/// `pid 7 (app, idle in transaction for 12 s, last: UPDATE orders SET note = ?)`.
pub(super) fn told([pid, role, state, seconds, query]: [&str; 5]) -> String {
    let query = masked(query);
    let query = match (query.is_empty(), state) {
        (true, _) => String::new(),
        (false, "active") => format!(": {query}"),
        (false, _) => format!(", last: {query}"),
    };
    let role = printable(role);
    format!("pid {pid} ({role}, {state} for {seconds} s{query})")
}

/// A statement with its constants taken out; of one that cannot be read, its first word.
fn masked(query: &str) -> String {
    let Some(node) = statement_node(query) else {
        let word: String = query
            .trim_start()
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect();
        return match word.is_empty() {
            true => word,
            false => format!("{} …", word.to_uppercase()),
        };
    };
    let text = without_constants(&node);
    let text = printable(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match text.char_indices().nth(LONG) {
        Some((at, _)) => format!("{} …", &text[..at]),
        None => text,
    }
}

fn without_constants(node: &SyntaxNode) -> String {
    let mut text = String::new();
    for element in node.descendants_with_tokens() {
        let Some(token) = element.into_token() else {
            continue;
        };
        match token.kind() {
            SyntaxKind::BIT_STRING
            | SyntaxKind::BYTE_STRING
            | SyntaxKind::DOLLAR_QUOTED_STRING
            | SyntaxKind::ESC_STRING
            | SyntaxKind::INT_NUMBER
            | SyntaxKind::NATIONAL_STRING
            | SyntaxKind::NUMERIC_NUMBER
            | SyntaxKind::STRING
            | SyntaxKind::UNICODE_ESC_STRING => text.push('?'),
            SyntaxKind::COMMENT => text.push(' '),
            _ => text.push_str(token.text()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_constant_is_shown() {
        for (query, shown) in [
            (
                "UPDATE orders SET note = 'secret', x = 12.5 WHERE id = 7",
                "UPDATE orders SET note = ?, x = ? WHERE id = ?",
            ),
            ("select $$secret$$, E'se\\'cret', x'5ec'", "select ?, ?, ?"),
            ("select 1 /* secret */ + 2", "select ? + ?"),
            // Cut off by the server: no statement any more.
            ("insert into t values ('secr", "INSERT …"),
            ("select 1; select 'secret'", "SELECT …"),
            ("", ""),
        ] {
            assert_eq!(masked(query), shown);
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        let query = format!("select {}", vec!["columns"; 30].join(", "));
        assert!(masked(&query).ends_with('…'));
        assert!(masked(&query).chars().count() < LONG + 5);
    }

    #[test]
    fn the_holder_is_told_with_what_it_did() {
        let row = ["7", "app", "idle in transaction", "12", "lock table t"];
        assert_eq!(
            told(row),
            "pid 7 (app, idle in transaction for 12 s, last: lock table t)"
        );
        assert_eq!(
            told(["7", "?", "running", "0", ""]),
            "pid 7 (?, running for 0 s)"
        );
    }
}
