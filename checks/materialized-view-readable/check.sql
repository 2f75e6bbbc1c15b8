-- title: A materialized view of tenant tables is readable
-- class: view
-- severity: critical
-- why: A materialized view keeps what its owner saw when it was refreshed, and cannot have policies. Where the owner
--   saw every tenant's rows, so does whoever may select from it.
-- mend: revoke it, and put a view in front that filters by the context and is a security_barrier; or use a table.
-- source: https://www.postgresql.org/docs/current/rules-materializedviews.html
-- engine: paths
with recursive app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
-- Everything that is made from a tenant table by views and materialized views.
derived as (
    select t.oid::oid as oid from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    union
    select w.ev_class
    from derived
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass
                               and d.refobjid = derived.oid
                               and d.classid = 'pg_catalog.pg_rewrite'::regclass
    join pg_catalog.pg_rewrite w on w.oid = d.objid
    join pg_catalog.pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
)
select format('%I.%I', n.nspname, m.relname) as object,
       format('role %I may read materialized view %I.%I, a copy of tenant rows that no policy filters', app.rolname, n.nspname, m.relname) as detail,
       (select string_agg(format('revoke select on table %I.%I from %s;', n.nspname, m.relname,
                                 case when a.grantee = 0 then 'public' else a.grantee::regrole::text end),
                          ' ' order by a.grantee)
        from aclexplode(m.relacl) as a
        where a.privilege_type = 'SELECT'
          and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))) as fix
from derived
join pg_catalog.pg_class m on m.oid = derived.oid and m.relkind = 'm'
join pg_catalog.pg_namespace n on n.oid = m.relnamespace
cross join app
where has_any_column_privilege(app.oid, m.oid, 'SELECT')
  and has_schema_privilege(app.oid, n.oid, 'USAGE')
order by 1;
