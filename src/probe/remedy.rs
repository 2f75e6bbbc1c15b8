//! How what a channel shows is seen in psql by hand, and how it is mended: by cause, which several channels share.

/// For one or more channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What to run as A, in a transaction that is rolled back; `t` is the table, `k` its tenant key, `id` its own.
    pub see: &'static str,
    /// What to change.
    pub mend: &'static str,
}

const POLICY: &str = "let every policy compare the tenant key with the context, for reading and for writing, and add a \
                      restrictive one TO PUBLIC as a guard: `tenantctl plan` prints both";
const CONTEXT: &str = "compare with nullif(current_setting('CONTEXT', true), '')::TYPE, which is NULL without a context; set \
                       the context by SET LOCAL inside of each transaction";
const ORACLE: &str =
    "add the tenant key to the constraint, so that values of different organizations never meet";
const REVOKE: &str = "revoke the privilege from the application's role and from PUBLIC";
const FUNCTION: &str = "filter by the context inside, or revoke EXECUTE from PUBLIC and the application's role; SECURITY INVOKER \
                        where the owner's rights are not needed";
const POOLER: &str = "set the context by SET LOCAL inside of each transaction and nothing else; in session mode have the pooler \
                      clean connections between clients (PgBouncer: server_reset_query = DISCARD ALL)";
const MEMBERSHIP: &str =
    "revoke the membership, or the attribute; give the work to a login of its own";

const REMEDIES: &[(&str, Remedy)] = &[
    ("probe-read", of("select * from t where k = 'B';", POLICY)),
    (
        "probe-lock",
        of("select * from t where k = 'B' for update;", POLICY),
    ),
    (
        "probe-copy",
        of("copy (select * from t where k = 'B') to stdout;", POLICY),
    ),
    (
        "probe-aggregate",
        of(
            "select count(*) from t; -- and as the owner, with where k = 'A'",
            POLICY,
        ),
    ),
    (
        "probe-join",
        of(
            "select x.* from own x join t on t.id = x.t_id where t.k = 'B';",
            POLICY,
        ),
    ),
    (
        "probe-cursor",
        of(
            "declare c cursor for select * from t; fetch all from c;",
            POLICY,
        ),
    ),
    (
        "probe-prepared",
        of(
            "set local CONTEXT = 'B'; prepare p as select * from t; execute p; set local CONTEXT = 'A'; execute p;",
            CONTEXT,
        ),
    ),
    (
        "probe-no-context",
        of("set local CONTEXT = ''; select * from t;", CONTEXT),
    ),
    (
        "probe-context-spelling",
        of(
            "set local CONTEXT = 'A '; select * from t where k = 'B';",
            CONTEXT,
        ),
    ),
    (
        "probe-context-left",
        of(
            "-- in two transactions of one session: set local CONTEXT = 'B'; commit; select * from t;",
            CONTEXT,
        ),
    ),
    (
        "probe-preset-context",
        of(
            "select current_setting('CONTEXT', true); -- in a new session",
            "ALTER ROLE … RESET CONTEXT, ALTER DATABASE … RESET CONTEXT",
        ),
    ),
    (
        "probe-insert",
        of("insert into t (k, …) values ('B', …);", POLICY),
    ),
    (
        "probe-null-key",
        of(
            "insert into t (k, …) values (null, …);",
            "make the tenant key NOT NULL, and let no policy admit NULL",
        ),
    ),
    (
        "probe-rekey",
        of("update t set k = 'B' where id = 'own';", POLICY),
    ),
    (
        "probe-update",
        of(
            "update t set c = c where id = 'of B'; update t set c = 'x'; -- reads no column",
            POLICY,
        ),
    ),
    (
        "probe-delete",
        of(
            "delete from t where id = 'of B'; delete from t; -- reads no column",
            POLICY,
        ),
    ),
    (
        "probe-upsert",
        of(
            "insert into t (id, k, …) values ('of B', 'A', …) on conflict (id) do update set c = excluded.c;",
            POLICY,
        ),
    ),
    (
        "probe-merge",
        of(
            "merge into t using (values ('of B')) s(id) on t.id = s.id when matched then delete;",
            POLICY,
        ),
    ),
    (
        "probe-truncate",
        of(
            "select has_table_privilege('APP', 't', 'truncate');",
            REVOKE,
        ),
    ),
    (
        "probe-foreign-key",
        of(
            "insert into child (k, t_id) values ('A', 'of B');",
            "refer to (tenant key, id) of the parent, not to its id alone",
        ),
    ),
    (
        "probe-cascade",
        of(
            "delete from t where id = 'own'; -- then, as an administrator: are B's children gone?",
            "refer to (tenant key, id) of the parent, not to its id alone",
        ),
    ),
    (
        "probe-unique",
        of("insert into t (k, c) values ('A', 'value of B');", ORACLE),
    ),
    (
        "probe-exclusion",
        of("insert into t (k, c) values ('A', 'value of B');", ORACLE),
    ),
    (
        "probe-error-text",
        of(
            "the statement of the finding, and the whole of its error: \\set VERBOSITY verbose",
            "let functions and triggers raise messages without values of rows that the caller may not read",
        ),
    ),
    (
        "probe-view",
        of(
            "select * from v;",
            "ALTER VIEW … SET (security_invoker = true), from PostgreSQL 15 on, or a filter by the context and security_barrier; \
                               a materialized view is read through a view that filters",
        ),
    ),
    (
        "probe-view-write",
        of(
            "insert into v (k, …) values ('B', …); update v set c = 'x'; delete from v;",
            "ALTER VIEW … SET (security_invoker = true), from PostgreSQL 15 on, or WITH CHECK OPTION and a filter by the context; \
             revoke writing where the view is only read",
        ),
    ),
    (
        "probe-interleaved",
        of(
            "-- on one connection, in two transactions: set local CONTEXT = 'B'; select * from t; commit; set local CONTEXT = 'A'; select * from t;",
            CONTEXT,
        ),
    ),
    (
        "probe-pooler-context-left",
        of(
            "select pg_backend_pid(), current_setting('CONTEXT', true); -- through the pooler, several times",
            POOLER,
        ),
    ),
    (
        "probe-pooler-shares-settings",
        of(
            "set my.sentinel = 'seen'; -- and another client: select pg_backend_pid(), current_setting('my.sentinel', true);",
            POOLER,
        ),
    ),
    (
        "probe-pooler-keeps-local",
        of(
            "begin; set local my.sentinel = 'seen'; commit; -- and another client: select pg_backend_pid(), current_setting('my.sentinel', true);",
            POOLER,
        ),
    ),
    (
        "probe-foreign-table",
        of(
            "select * from f;",
            "revoke SELECT, and read it through a view that filters by the context: a foreign table has no policies",
        ),
    ),
    (
        "probe-unclassified",
        of(
            "select * from t;",
            "give it the tenant key and policies, or, if it never holds a tenant's data, list it in [tables] shared",
        ),
    ),
    (
        "probe-role",
        of(
            "select rolsuper, rolbypassrls from pg_roles where rolname = 'APP';",
            "ALTER ROLE … NOSUPERUSER NOBYPASSRLS; FORCE ROW LEVEL SECURITY, and another owner",
        ),
    ),
    (
        "probe-function",
        of("select * from f('value of B');", FUNCTION),
    ),
    (
        "probe-leakproof",
        of(
            "set local client_min_messages = debug1; select count(*) from t where f(c) is not null;",
            "ALTER FUNCTION … NOT LEAKPROOF; filter by an indexed column instead",
        ),
    ),
    (
        "probe-shadow",
        of(
            "create temporary table looked_up (…); insert into looked_up values ('mine', 'B'); select * from f('mine');",
            "ALTER FUNCTION … SET search_path = …, pg_temp, or a schema in front of every name",
        ),
    ),
    (
        "probe-sequence",
        of(
            "select last_value from s;",
            "revoke SELECT and UPDATE; USAGE is enough to insert",
        ),
    ),
    (
        "probe-large-object",
        of(
            "select lo_get(c) from …; -- any number of pg_largeobject_metadata",
            "keep the content in a bytea column, or in objects of one role per organization; lo_compat_privileges = off",
        ),
    ),
    (
        "probe-statistics",
        of(
            "select * from pg_stats where tablename = 't'; select * from pg_stats_ext where tablename = 't';",
            REVOKE,
        ),
    ),
    (
        "probe-estimates",
        of(
            "explain select 1 from t where c = 'common with B';",
            "nothing hides it; ALTER TABLE … ALTER COLUMN … SET STATISTICS 0, and ANALYZE, where a column's values are secret",
        ),
    ),
    (
        "probe-activity",
        of(
            "select usename, query from pg_stat_activity;",
            "pass values as parameters; revoke pg_read_all_stats, and SELECT on pg_stat_statements",
        ),
    ),
    (
        "probe-notify",
        of(
            "listen channel; -- then another session writes to t and commits",
            "send a key that says nothing by itself; who listens reads the row under its own context",
        ),
    ),
    (
        "probe-set-role",
        of(
            "set local role other; select * from t where k = 'B';",
            MEMBERSHIP,
        ),
    ),
    (
        "probe-session-authorization",
        of("set local session authorization other;", MEMBERSHIP),
    ),
    (
        "probe-replication-role",
        of(
            "set local session_replication_role = 'replica';",
            "REVOKE SET ON PARAMETER session_replication_role FROM …",
        ),
    ),
    (
        "probe-row-security-off",
        of(
            "set local row_security = off; select * from t where k = 'B';",
            POLICY,
        ),
    ),
    (
        "probe-owner",
        of(
            "select relname, relowner::regrole from pg_class where pg_has_role('APP', relowner, 'member');",
            "let a role that the application cannot become own the tables: ALTER TABLE … OWNER TO …",
        ),
    ),
    (
        "probe-trigger",
        of("select has_table_privilege('APP', 't', 'trigger');", REVOKE),
    ),
    (
        "probe-references",
        of(
            "select has_any_column_privilege('APP', 't', 'references');",
            REVOKE,
        ),
    ),
];

const fn of(see: &'static str, mend: &'static str) -> Remedy {
    Remedy { see, mend }
}

/// How what this channel shows is seen and mended.
pub fn remedy(channel: &str) -> Option<&'static Remedy> {
    let mut known = REMEDIES.iter();
    known
        .find(|(id, _)| *id == channel)
        .map(|(_, remedy)| remedy)
}

#[cfg(test)]
mod tests {
    use super::{REMEDIES, remedy};
    use crate::probe::channel;

    #[test]
    fn every_channel_can_be_seen_and_mended() {
        for channel in channel::all() {
            assert!(remedy(channel.id).is_some(), "{}", channel.id);
        }
        for (id, _) in REMEDIES {
            assert!(channel::find(id).is_some(), "{id} is no channel");
        }
    }
}
