-- title: The application's role has BYPASSRLS
-- class: role
-- severity: critical
-- why: PostgreSQL skips every policy for a role with BYPASSRLS, FORCE or not. The attribute is meant for
--   backups; on the login role of an application it is usually left over from a data migration.
-- source: https://www.postgresql.org/docs/current/sql-createrole.html
-- needs: bypassrls
select r.rolname as object,
       format('role %I has BYPASSRLS, so no policy applies to it and every tenant''s rows are open', r.rolname) as detail,
       format('alter role %I nobypassrls;', r.rolname) as fix,
       array[quote_ident(r.rolname), 'BYPASSRLS', 'every row of every tenant table: no policy is asked'] as path,
       format('BEGIN; SET LOCAL ROLE %I; SELECT row_security_active(%L); ROLLBACK;  -- f: no policy filters what it reads',
              r.rolname, current_setting('tenantctl.registry')) as evidence
from pg_catalog.pg_roles r
where r.rolname = current_setting('tenantctl.app_role')
  and r.rolbypassrls
order by 1;
