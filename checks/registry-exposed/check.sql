-- title: The registry of organizations has no isolation
-- class: coverage
-- severity: critical
-- why: The registry is a tenant table whose key is its own id. Left without row-level security it shows each
--   organization the names, domains and plans of all others, and where the application may delete from it,
--   ON DELETE CASCADE carries the delete past every policy into the others' rows.
-- mend: `tenantctl apply` gives the registry a policy on its id.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
judged as (
    select c.oid, n.nspname, c.relname, app.rolname, app.oid is null as no_role,
           coalesce(has_schema_privilege(app.oid, n.oid, 'USAGE')
                    and (has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE')
                         or has_table_privilege(app.oid, c.oid, 'DELETE')), false) as reachable
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join app on true
    where c.oid = current_setting('tenantctl.registry')::regclass
      and not c.relrowsecurity
)
select format('%I.%I', j.nspname, j.relname) as object,
       format('row-level security is off on the registry %I.%I, %s', j.nspname, j.relname,
              case when j.no_role then 'so the first role that is granted it sees every organization'
                   when j.reachable then format('and role %I may reach it: it sees every organization', j.rolname)
                   else format('but role %I holds no privilege on it', j.rolname) end) as detail,
       null::text as fix,
       case when j.no_role then 'high' when j.reachable then 'critical' else 'info' end as severity
from judged j
order by 1;
