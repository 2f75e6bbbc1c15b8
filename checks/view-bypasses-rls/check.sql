-- title: A view reads tenant tables past their policies
-- class: view
-- severity: critical
-- why: A view reads its tables with its owner's rights and under its owner's policies, unless it is a security_invoker
--   view. Owned by a superuser, a BYPASSRLS role, or the owner of tables that are not forced, it shows every
--   tenant's rows to whoever may select from it. A view on such a view does the same.
-- mend: on PostgreSQL 15 and later set security_invoker; before that, give the view to a role that is subject to the
--   policies and holds the privileges it needs.
-- source: https://www.postgresql.org/docs/current/sql-createview.html
-- engine: paths
with recursive app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select c.oid, c.relowner, c.relforcerowsecurity
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
),
view as (
    select v.oid, v.relname, v.relnamespace, v.relowner,
           not coalesce((select bool_or(o.entry ~* '^security_invoker=(true|on|yes|1)$') from unnest(v.reloptions) as o (entry)), false) as as_owner
    from pg_catalog.pg_class v
    where v.relkind = 'v'
),
uses as (
    select distinct w.ev_class as view_oid, d.refobjid as source_oid
    from pg_catalog.pg_rewrite w
    join view on view.oid = w.ev_class
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass
                               and d.objid = w.oid
                               and d.refclassid = 'pg_catalog.pg_class'::regclass
    where d.refobjid <> w.ev_class
),
-- From each view down to tables. Who reads a table is up to the view that names it: its owner, or whoever runs the
-- statement (null) when it is a security_invoker view, also below one that is not.
path as (
    select view.oid as top, uses.source_oid as oid, case when view.as_owner then view.relowner end as reader
    from view
    join uses on uses.view_oid = view.oid
    union
    select path.top, uses.source_oid, case when view.as_owner then view.relowner end
    from path
    join view on view.oid = path.oid
    join uses on uses.view_oid = view.oid
),
bypassing as (
    select distinct path.top, path.reader, tenant.oid as table_oid
    from path
    join tenant on tenant.oid = path.oid
    join pg_catalog.pg_roles r on r.oid = path.reader
    where r.rolsuper
       or r.rolbypassrls
       or (tenant.relowner = path.reader and not tenant.relforcerowsecurity)
)
select format('%I.%I', n.nspname, v.relname) as object,
       format('view %I.%I reads %s as %s, to whom no policy applies: every tenant''s rows are readable', n.nspname, v.relname,
              string_agg(distinct b.table_oid::regclass::text, ', '), string_agg(distinct b.reader::regrole::text, ', ')) as detail,
       case when current_setting('server_version_num')::int >= 150000
            then format('alter view %I.%I set (security_invoker = true);', n.nspname, v.relname) end as fix
from bypassing b
join view v on v.oid = b.top
join pg_catalog.pg_namespace n on n.oid = v.relnamespace
cross join app
where has_any_column_privilege(app.oid, v.oid, 'SELECT, INSERT, UPDATE')
  and has_schema_privilege(app.oid, n.oid, 'USAGE')
  -- A view that filters by the context itself is right when it is a security_barrier; the proof reads its text.
  and not (exists (select from pg_catalog.pg_class b
                   cross join unnest(b.reloptions) as o (entry)
                   where b.oid = v.oid and o.entry ~* '^security_barrier=(true|on|yes|1)$')
           and strpos(pg_get_viewdef(v.oid), current_setting('tenantctl.context')) > 0)
group by n.nspname, v.relname
order by 1;
