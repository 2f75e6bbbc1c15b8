-- title: The application may write a table that every tenant reads
-- class: coverage
-- severity: medium
-- why: A shared table has no row-level security, because its rows belong to nobody. A role that may write it lets one
--   tenant change what all others read: a tax rate, a template, a feature flag.
-- mend: grant SELECT only, and let migrations or an administrator's role do the writing.
-- source: https://www.postgresql.org/docs/current/ddl-priv.html
-- engine: paths
select format('%I.%I', n.nspname, c.relname) as object,
       format('%I.%I is shared by every tenant, and %I may write it', n.nspname, c.relname, r.rolname) as detail,
       format('revoke insert, update, delete on %I.%I from %I, public;', n.nspname, c.relname, r.rolname) as fix
from unnest(current_setting('tenantctl.shared_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_roles r on r.rolname = current_setting('tenantctl.app_role')
where not c.relrowsecurity
  and has_schema_privilege(r.oid, n.oid, 'USAGE')
  and (has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE') or has_table_privilege(r.oid, c.oid, 'DELETE'))
order by 1
