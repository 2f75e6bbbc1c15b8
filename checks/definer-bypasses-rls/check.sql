-- title: A function of a bypassing owner touches tenant tables
-- class: function
-- severity: critical
-- why: A SECURITY DEFINER function runs with its owner's rights and under its owner's policies. EXECUTE is granted to
--   PUBLIC by default, procedures included. Owned by a superuser, a BYPASSRLS role or the owner of tables that are
--   not forced, only the function's own text keeps tenants apart.
-- mend: make it SECURITY INVOKER, or give it to a role that the policies bind; where it must bypass them, filter by
--   the context in every query of it, revoke EXECUTE from PUBLIC, and accept it with an [[allow]] that says why.
-- source: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select c.oid, c.relname, c.relowner, c.relforcerowsecurity
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
),
callable as (
    select p.oid, p.prokind, p.proowner, p.prosrc, o.rolsuper or o.rolbypassrls as bypasses,
           case when p.prosqlbody is null then p.prosrc else pg_get_functiondef(p.oid) end as body
    from pg_catalog.pg_proc p
    join pg_catalog.pg_roles o on o.oid = p.proowner
    cross join app
    where p.prosecdef
      and p.prokind in ('f', 'p')
      -- A trigger function is not called, it fires.
      and p.prorettype <> 'trigger'::regtype
      and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      and has_function_privilege(app.oid, p.oid, 'EXECUTE')
      and has_schema_privilege(app.oid, p.pronamespace, 'USAGE')
),
-- Every name in the body, looked up once among the tenant tables.
named as (
    select distinct callable.oid, tenant.oid as table_oid
    from callable
    cross join lateral regexp_matches(callable.body, '"([^"]+)"|([[:alpha:]_][[:alnum:]_$]*)', 'g') as m (word)
    join tenant on tenant.relname = coalesce(m.word[1], lower(m.word[2]))
    where callable.bypasses
       or (tenant.relowner = callable.proowner and not tenant.relforcerowsecurity)
)
select callable.oid::regprocedure::text as object,
       format('%s %s runs as %s, to whom no policy applies, and names %s%s',
              case callable.prokind when 'p' then 'procedure' else 'function' end, callable.oid::regprocedure, callable.proowner::regrole,
              string_agg(named.table_oid::regclass::text, ', ' order by named.table_oid::regclass::text),
              case when strpos(callable.body, current_setting('tenantctl.context')) > 0
                   then '; it reads the context, so see whether every query of it filters by it'
                   else ' without reading the context' end) as detail,
       null::text as fix,
       case when strpos(callable.body, current_setting('tenantctl.context')) > 0 then 'low' else 'critical' end as severity
from callable
join named using (oid)
group by callable.oid, callable.prokind, callable.proowner, callable.body
order by 1;
