-- title: The application's role has REPLICATION
-- class: role
-- severity: critical
-- why: Row-level security filters SQL, not the replication protocol. A role with REPLICATION may take a
--   base backup of the whole cluster or read the changes of every table through a logical slot, with all
--   tenants' rows in them.
-- source: https://www.postgresql.org/docs/current/logical-replication-security.html
-- needs: replication
select r.rolname as object,
       format('role %I has REPLICATION, so it can stream or copy every tenant''s rows past all policies', r.rolname) as detail,
       format('alter role %I noreplication;', r.rolname) as fix,
       array[quote_ident(r.rolname), 'REPLICATION', 'a replication slot', 'the changes of every tenant table'] as path,
       format('SELECT rolreplication FROM pg_catalog.pg_roles WHERE rolname = %L;', r.rolname) as evidence
from pg_catalog.pg_roles r
where r.rolname = current_setting('tenantctl.app_role')
  and r.rolreplication
order by 1;
