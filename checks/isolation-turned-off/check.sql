-- title: Isolation was turned off in an emergency
-- class: rls-off
-- severity: critical
-- why: `tenantctl revert --emergency TABLE` turned row-level security of the table off and nobody has turned it on
--   again. Its policies are still there and look right, and none of them is applied.
-- mend: run `tenantctl apply`, which turns it on again and takes the mark away.
-- no-path: the application's role holds no privilege on the table today.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
turned_off as (
    select c.oid, n.nspname, c.relname, n.oid as nsp_oid,
           substring(obj_description(c.oid, 'pg_class') from '"emergency":\{"by":"((?:[^"\\]|\\.)*)"') as by_role,
           substring(obj_description(c.oid, 'pg_class') from '"emergency":\{"by":"(?:[^"\\]|\\.)*","since":"([^"]*)"') as since
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not c.relrowsecurity
      -- The last line of the comment is tenantctl's.
      and obj_description(c.oid, 'pg_class') ~ '(^|\n)tenantctl [^\n]*: \{[^\n]*"emergency":\{[^\n]*$'
),
judged as (
    select o.*, app.rolname,
           coalesce(has_schema_privilege(app.oid, o.nsp_oid, 'USAGE')
                    and (has_any_column_privilege(app.oid, o.oid, 'SELECT, INSERT, UPDATE')
                         or has_table_privilege(app.oid, o.oid, 'DELETE')), false) as reachable
    from turned_off o
    left join app on true
)
select format('%I.%I', j.nspname, j.relname) as object,
       format('isolation of %I.%I is OFF since %s: %s turned it off in an emergency%s', j.nspname, j.relname,
              coalesce(j.since, '?'), coalesce(j.by_role, '?'),
              case when j.reachable then format(', and %I sees every organization''s rows', j.rolname) end) as detail,
       format('alter table %I.%I enable row level security;', j.nspname, j.relname) as fix,
       case when j.reachable then 'critical' else 'high' end as severity,
       case when j.reachable
            then array[quote_ident(j.rolname), format('a privilege on %I.%I', j.nspname, j.relname), 'row-level security is off', 'every row of it'] end as path,
       format('SELECT relrowsecurity, obj_description(oid, ''pg_class'') FROM pg_catalog.pg_class WHERE oid = %L::regclass;',
              format('%I.%I', j.nspname, j.relname)) as evidence
from judged j
order by 1;
