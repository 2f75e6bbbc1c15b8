//! Functions that are never called: what they do outside of the database, or past a rollback, cannot be taken
//! back.

use crate::audit;
use crate::catalog::{RelationKind, Snapshot};

use super::super::super::reaching::acts_at_once;
use super::targets::Target;

/// Beside what no trigger should do either: functions and commands that reach files, programs, networks and
/// other sessions, or that a rollback does not undo. `functions-admin`, `sql-copy`; the rest are known extensions.
const WORDS: [&str; 13] = [
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_ls_dir",
    "pg_promote",
    "pg_read_binary_file",
    "pg_read_file",
    "pg_stat_file",
    "program",
    "urlencode_get",
    "invoke",
    "smtp_send",
    "send_mail",
    "table_import_from_s3",
];

/// How the names of whole families of such functions begin.
const BEGINNINGS: [&str; 7] = [
    "curl",
    "aws_",
    "pg_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_drop_replication_slot",
    "pg_backup_",
    "plsh",
];

/// Why a function must not be called; `None` where a rollback undoes what it does.
pub(super) fn reason(snapshot: &Snapshot, target: &Target<'_>) -> Option<String> {
    let function = target.function;
    if !target.trusted {
        return Some(format!(
            "it is written in {}, which may reach outside of the database",
            function.language
        ));
    }
    let (words, _) = audit::reach(snapshot, function);
    let bad = words.iter().find(|word| {
        acts_at_once(word)
            || WORDS.contains(&word.as_str())
            || BEGINNINGS.iter().any(|start| word.starts_with(start))
    });
    if let Some(word) = bad {
        return Some(format!(
            "{word} in its body reaches outside of the transaction"
        ));
    }
    let called = snapshot.functions.values().find(|called| {
        let known = matches!(called.language.as_str(), "sql" | "plpgsql");
        !known && !called.of_extension && words.contains(&called.name.to_lowercase())
    });
    if let Some(called) = called.filter(|called| called.oid != function.oid) {
        return Some(format!(
            "it calls {}, written in {}",
            called.signature(),
            called.language
        ));
    }
    let foreign = snapshot.relations.values().find(|relation| {
        relation.kind == RelationKind::ForeignTable && words.contains(&relation.name.to_lowercase())
    });
    foreign.filter(|_| target.is_volatile()).map(|table| {
        format!(
            "{} is a foreign table: another server is behind it",
            table.qualified()
        )
    })
}
