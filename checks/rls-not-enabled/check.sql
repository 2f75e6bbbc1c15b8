-- title: Policies that nothing evaluates: row-level security is off
-- class: rls-off
-- severity: critical
-- why: Without ENABLE ROW LEVEL SECURITY PostgreSQL evaluates no policy, however many there are, and FORCE alone does
--   nothing. Whoever holds a privilege on the table, or on one of its columns, has it on every tenant's rows.
-- mend: `tenantctl apply` enables it together with its policies, in one transaction; ENABLE alone hides every row.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
unprotected as (
    select c.oid, n.nspname, c.relname, c.relforcerowsecurity, n.oid as nsp_oid
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not c.relrowsecurity
      -- Without a policy it is table-unprotected.
      and exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid)
      -- Those have checks of their own: registry-exposed and partition-open.
      and c.oid <> current_setting('tenantctl.registry')::regclass
      and not c.relispartition
      and not exists (select
                      from pg_catalog.pg_inherits i
                      join unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as parent (oid) on parent.oid = i.inhparent
                      where i.inhrelid = c.oid)
),
judged as (
    select u.*, app.rolname,
           app.oid is null as no_role,
           coalesce(has_schema_privilege(app.oid, u.nsp_oid, 'USAGE')
                    and (has_any_column_privilege(app.oid, u.oid, 'SELECT, INSERT, UPDATE')
                         or has_table_privilege(app.oid, u.oid, 'DELETE')), false) as reachable
    from unprotected u
    left join app on true
)
select format('%I.%I', j.nspname, j.relname) as object,
       format('row-level security is off on %I.%I%s, %s', j.nspname, j.relname,
              case when j.relforcerowsecurity then ' although it has policies and FORCE' else ' although it has policies' end,
              case when j.no_role then 'so the first role that is granted it sees every tenant''s rows'
                   when j.reachable then format('and role %I may reach it: every tenant''s rows are open to it', j.rolname)
                   else format('but role %I holds no privilege on it', j.rolname) end) as detail,
       null::text as fix,
       case when j.no_role then 'high' when j.reachable then 'critical' else 'info' end as severity
from judged j
order by 1;
