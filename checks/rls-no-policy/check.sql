-- title: Row-level security is on, but no policy lets the application in
-- class: rls-off
-- severity: low
-- why: Enabled without a permissive policy that applies to a role, row-level security denies that role every row.
--   Nothing leaks, but an application that holds privileges on the table finds it empty and its inserts refused:
--   as a rule a migration stopped half-way.
-- mend: run tenantctl apply, or revoke the privileges where the application has no business with the table.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- tables: not open to the application
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
      and not r.rolbypassrls
),
policy_role as (
    select r.role_oid, r.role_oid = 0 or pg_has_role(app.oid, r.role_oid, 'USAGE') as applies
    from (select distinct u.role_oid from pg_catalog.pg_policy p cross join unnest(p.polroles) as u (role_oid)) as r
    cross join app
),
open_table as (
    select distinct p.polrelid
    from pg_catalog.pg_policy p
    cross join unnest(p.polroles) as u (role_oid)
    join policy_role r on r.role_oid = u.role_oid and r.applies
    where p.polpermissive
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('no permissive policy of %I.%I applies to role %I, so row-level security hides every row from it', n.nspname, c.relname, app.rolname) as detail,
       null::text as fix,
       case when has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE')
                 or has_table_privilege(app.oid, c.oid, 'DELETE') then 'low' else 'info' end as severity,
       array[quote_ident(app.rolname), format('any command on %I.%I', n.nspname, c.relname), 'no permissive policy, and so no row'] as path,
       format('SELECT policyname, permissive, roles, cmd FROM pg_catalog.pg_policies WHERE schemaname = %L AND tablename = %L;', n.nspname, c.relname) as evidence
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join app
left join open_table on open_table.polrelid = c.oid
where c.relrowsecurity
  and open_table.polrelid is null
  -- Its owner is not subject to policies unless they are forced.
  and (c.relforcerowsecurity or not pg_has_role(app.oid, c.relowner, 'USAGE'))
order by 1;
