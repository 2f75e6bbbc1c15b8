//! The kinds of mutants: each breaks isolation in one way that happens to people.

use crate::finding::Severity;

/// One way to break isolation.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// A short name.
    pub id: &'static str,
    /// What is done, in a few words.
    pub what: &'static str,
    /// A finding of this severity or worse kills it: what opens rows is medium at least, what only
    /// prepares the ground may be low.
    pub floor: Severity,
}

macro_rules! kinds {
    ($($name:ident, $id:literal, $floor:ident, $what:literal;)*) => {
        $(pub(super) const $name: Kind = Kind { id: $id, what: $what, floor: Severity::$floor };)*

        /// Every kind, in the order of the report.
        pub const ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    RLS_OFF, "rls-off", Medium, "row-level security disabled";
    OWNED_NOT_FORCED, "owned-not-forced", Medium, "owned by the application's role, and not forced";
    GUARD_GONE, "guard-gone", Medium, "policies that show every row, the guard dropped";
    TRUE_BESIDE, "true-beside", Medium, "a policy USING (true) beside the others, the guard dropped";
    GUARD_FOR_SELECT, "guard-for-select", Medium, "policies that take every row, the guard for SELECT only";
    CHECK_TRUE, "check-true", Medium, "WITH CHECK (true)";
    SELECT_TRUE, "select-true", Medium, "a policy FOR SELECT USING (true), no guard for SELECT";
    INSERT_TRUE, "insert-true", Medium, "a policy FOR INSERT WITH CHECK (true), no guard for INSERT";
    UPDATE_TRUE, "update-true", Medium, "a policy FOR UPDATE USING (true), no guard for UPDATE";
    DELETE_TRUE, "delete-true", Medium, "a policy FOR DELETE USING (true), no guard for DELETE";
    OPEN_WHEN_UNSET, "open-when-unset", Medium, "every row where the context is missing or empty";
    OPEN_WHEN_NULL, "open-when-null", Medium, "every row where the context was never set";
    OTHER_SETTING, "other-setting", Medium, "policies that ask another setting than the context";
    INVERTED, "inverted", Medium, "policies that show the rows of all others";
    LOSSY_KEY, "lossy-key", Medium, "keys compared by their first four characters";
    NULL_OR, "null-or", Low, "the key may be NULL, and such rows are everybody's";
    GROUP_POLICY, "group-policy", Medium, "a policy for a group that the role may become, the guard for the role only";
    VIEW, "definer-view", Medium, "a view of a superuser";
    INVOKER_OFF, "invoker-off", Medium, "an existing view: a superuser's, without security_invoker";
    VIEW_NO_BARRIER, "view-without-barrier", Medium, "a view of a superuser that filters, without security_barrier";
    MATVIEW, "materialized-view", Medium, "a materialized view";
    FUNCTION, "definer-function", Medium, "a SECURITY DEFINER function that returns every row";
    FUNCTION_ARGUMENT, "definer-argument", Medium, "a SECURITY DEFINER function whose caller names the organization";
    LEAKPROOF, "leakproof-function", Low, "a function marked LEAKPROOF that tells what it sees";
    PARTITION, "partition-open", Medium, "a partition granted, without policies of its own";
    CHILD, "child-open", Medium, "an inheritance child granted, without policies";
    NEW_TABLE, "new-table", Medium, "a new table with the tenant key, granted, without policies";
    TRUNCATE, "truncate-granted", Medium, "TRUNCATE granted";
    REFERENCES, "references-granted", Low, "REFERENCES granted";
    TRIGGER, "trigger-granted", Medium, "TRIGGER granted";
    SHARED_WRITABLE, "shared-writable", Medium, "a shared table that may be written";
    FOREIGN_KEY, "foreign-key-oracle", Low, "a foreign key without the tenant key";
    UNIQUE, "unique-oracle", Medium, "a unique constraint without the tenant key";
    STATISTICS, "statistics-readable", Medium, "pg_statistic granted";
    DEFAULT_PRIVILEGES, "default-privileges", Medium, "new tables are granted to PUBLIC";
    CREATE, "create-on-schema", Low, "CREATE on the schema granted";
    DATABASE_CONTEXT, "context-of-database", Medium, "the context preset by ALTER DATABASE";
    ROLE_CONTEXT, "context-of-role", Medium, "the context preset by ALTER ROLE";
    SCHEMA_OWNER, "schema-owner", Medium, "the role owns the schema";
    DATABASE_OWNER, "database-owner", Medium, "the role owns the database";
    BYPASSRLS, "bypassrls", Medium, "BYPASSRLS";
    SUPERUSER, "superuser", Medium, "SUPERUSER";
    REPLICATION, "replication", Medium, "REPLICATION";
    CREATEROLE, "createrole", Medium, "CREATEROLE";
    MEMBER_OF_OWNER, "member-of-owner", Medium, "a member of the tables' owner";
    MEMBER_OF_BYPASSER, "member-of-bypasser", Medium, "may become a role with BYPASSRLS";
    READ_ALL_DATA, "read-all-data", Medium, "a member of pg_read_all_data, and a materialized view without a grant";
    SERVER_FILES, "server-files", Medium, "a member of pg_read_server_files";
    SERVER_PROGRAMS, "server-programs", Medium, "a member of pg_execute_server_program";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn names_are_words_and_each_is_there_once() {
        for (nth, kind) in ALL.iter().enumerate() {
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(kind.id.chars().all(plain), "{}", kind.id);
            assert!(ALL[..nth].iter().all(|other| other.id != kind.id));
        }
    }
}
