-- title: The application's role is a superuser
-- class: role
-- severity: critical
-- why: A superuser bypasses row-level security on every table, FORCE included, so each policy in the
--   database is correct and none is evaluated. No grant or policy can take that away: only the attribute can.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- needs: superuser
select r.rolname as object,
       format('role %I is a superuser, so no policy applies to it and every tenant''s rows are open', r.rolname) as detail,
       format('alter role %I nosuperuser;', r.rolname) as fix,
       array[quote_ident(r.rolname), 'superuser', 'every row of every tenant table: no policy is asked'] as path,
       format('BEGIN; SET LOCAL ROLE %I; SELECT row_security_active(%L); ROLLBACK;  -- f: no policy filters what it reads',
              r.rolname, current_setting('tenantctl.registry')) as evidence
from pg_catalog.pg_roles r
where r.rolname = current_setting('tenantctl.app_role')
  and r.rolsuper
order by 1;
