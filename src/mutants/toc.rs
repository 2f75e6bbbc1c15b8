//! The table of contents of a dump: what is restored, what is left out, what was refused.

use crate::session::quote;

/// What must not be in a copy: it would reach other servers, or run by itself.
const KINDS: [&str; 7] = [
    "SERVER",
    "USER MAPPING",
    "FOREIGN TABLE",
    "FOREIGN DATA WRAPPER",
    "EVENT TRIGGER",
    "SUBSCRIPTION",
    "SECURITY LABEL",
];

/// Extensions whose functions reach outside of the database: a copy that attacks its own functions
/// must not have them.
const OUTSIDE: [&str; 17] = [
    "adminpack",
    "aws_commons",
    "aws_lambda",
    "aws_s3",
    "dblink",
    "file_fdw",
    "http",
    "mysql_fdw",
    "oracle_fdw",
    "pg_cron",
    "pg_net",
    "plperlu",
    "plpython3u",
    "plsh",
    "postgres_fdw",
    "tds_fdw",
    "wrappers",
];

/// What of a dump is restored.
pub(super) struct Chosen {
    /// The list for `pg_restore --use-list`.
    pub(super) list: String,
    /// What is left out, with the reason.
    pub(super) left_out: Vec<String>,
}

/// Takes everything but what reaches outside and extensions that are not there.
pub(super) fn choose(list: &str, available: &[String]) -> Chosen {
    let mut chosen = Chosen {
        list: String::new(),
        left_out: Vec::new(),
    };
    for line in list.lines() {
        match reason(line, available) {
            Some(Some(why)) => chosen.left_out.push(why),
            Some(None) => {}
            None => {
                chosen.list.push_str(line);
                chosen.list.push('\n');
            }
        }
    }
    chosen
}

/// Why an entry is left out: with words, or without where nobody would miss it.
fn reason(line: &str, available: &[String]) -> Option<Option<String>> {
    let entry = entry(line)?;
    if entry.starts_with("COMMENT ") {
        return Some(None);
    }
    let (mut words, name) = (entry.split(' '), |text: &str| quote::printable(text));
    if entry.starts_with("EXTENSION ") {
        let extension = words.nth(2).unwrap_or_default();
        if OUTSIDE.contains(&extension) {
            return Some(Some(format!(
                "extension {}: its functions reach outside of the database",
                name(extension)
            )));
        }
        let there = available.iter().any(|known| known == extension);
        return (!there).then(|| {
            Some(format!(
                "extension {}: not available on the throwaway server",
                name(extension)
            ))
        });
    }
    let kind = KINDS.iter().find(|kind| {
        let rest = entry.strip_prefix(**kind);
        rest.is_some_and(|rest| rest.starts_with(' '))
    })?;
    let what = entry[kind.len()..].trim();
    Some(Some(format!(
        "{} {}: a copy must not reach outside",
        kind.to_lowercase(),
        name(what)
    )))
}

/// `215; 1259 16390 TABLE public orders owner` without the numbers.
fn entry(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once("; ")?;
    number.parse::<u32>().ok()?;
    rest.splitn(3, ' ').nth(2)
}

/// What the throwaway server refused, one line an object: `TABLE places: type "geometry" does not
/// exist`.
pub(super) fn refused(stderr: &str) -> Vec<String> {
    let mut refused = Vec::new();
    let mut at = "";
    for line in stderr.lines() {
        if let Some(rest) = line.split_once("from TOC entry ") {
            // 200; 1259 16386 TABLE t postgres
            at = entry(rest.1).unwrap_or(rest.1);
        } else if let Some((_, error)) = line.split_once("could not execute query: ERROR:") {
            // Newer pg_dumps set what older servers do not know; nothing is missing then.
            if at.is_empty() && error.contains("unrecognized configuration parameter") {
                continue;
            }
            refused.push(quote::printable(&format!("{at}: {}", error.trim())));
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_outside_is_left_out() {
        let list = ";\n; Archive\n3; 3079 16390 EXTENSION - citext \n\
                    4; 3079 16391 EXTENSION - dblink \n5; 3079 16392 EXTENSION - postgis \n\
                    4000; 0 0 COMMENT - EXTENSION citext \n\
                    2101; 1417 16400 SERVER - other postgres\n\
                    215; 1259 16390 TABLE public orders owner\n";
        let chosen = choose(list, &["citext".to_owned(), "dblink".to_owned()]);
        assert!(chosen.list.contains("EXTENSION - citext"));
        assert!(chosen.list.contains("TABLE public orders"));
        assert!(!chosen.list.contains("SERVER"));
        assert_eq!(chosen.left_out.len(), 3, "{:?}", chosen.left_out);
        assert!(chosen.left_out[1].starts_with("extension postgis: not available"));
    }

    #[test]
    fn refusals_name_the_object() {
        let stderr = "pg_restore: while INITIALIZING:\n\
            pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter \"transaction_timeout\"\n\
            Command was: SET transaction_timeout = 0;\n\
            pg_restore: while PROCESSING TOC:\n\
            pg_restore: from TOC entry 200; 1259 16386 TABLE places postgres\n\
            pg_restore: error: could not execute query: ERROR:  type \"geometry\" does not exist\n\
            pg_restore: warning: errors ignored on restore: 2\n";
        assert_eq!(
            refused(stderr),
            ["TABLE places postgres: type \"geometry\" does not exist"]
        );
    }
}
