-- title: A view filters tenants without a security barrier
-- class: view
-- severity: critical
-- why: A view that filters by the context in place of policies keeps its filter only as long as the planner evaluates
--   it first. Without security_barrier a cheap function in the reader's WHERE clause may run before it and see every
--   row; anybody with TEMP or CREATE can define one.
-- source: https://www.postgresql.org/docs/current/rules-privileges.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
filtering as (
    select distinct v.oid, n.nspname, v.relname, o.rolname as owner, n.oid as nsp_oid
    from pg_catalog.pg_class v
    join pg_catalog.pg_namespace n on n.oid = v.relnamespace
    join pg_catalog.pg_roles o on o.oid = v.relowner
    join pg_catalog.pg_rewrite w on w.ev_class = v.oid
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass
                               and d.objid = w.oid
                               and d.refclassid = 'pg_catalog.pg_class'::regclass
    join unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid) on t.oid = d.refobjid
    join pg_catalog.pg_class c on c.oid = t.oid
    where v.relkind = 'v'
      and not exists (select from unnest(v.reloptions) as x (entry) where x.entry ~* '^security_(barrier|invoker)=(true|on|yes|1)$')
      -- Where policies bind the owner, they do the filtering, and before anything else.
      and (o.rolsuper or o.rolbypassrls or not c.relrowsecurity or (c.relowner = v.relowner and not c.relforcerowsecurity))
)
select format('%I.%I', f.nspname, f.relname) as object,
       format('view %I.%I filters by %s as %I but is no security_barrier, so a function of the reader''s may see the rows before the filter does',
              f.nspname, f.relname, current_setting('tenantctl.context'), f.owner) as detail,
       format('alter view %I.%I set (security_barrier = true);', f.nspname, f.relname) as fix,
       case when has_database_privilege(app.oid, current_database(), 'TEMP, CREATE')
                 or exists (select from pg_catalog.pg_namespace n where n.nspname !~ '^pg_' and has_schema_privilege(app.oid, n.oid, 'CREATE'))
            then 'critical' else 'low' end as severity
from filtering f
cross join app
where has_any_column_privilege(app.oid, f.oid, 'SELECT')
  and has_schema_privilege(app.oid, f.nsp_oid, 'USAGE')
  and strpos(pg_get_viewdef(f.oid), current_setting('tenantctl.context')) > 0
order by 1;
