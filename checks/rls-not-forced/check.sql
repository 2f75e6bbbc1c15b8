-- title: Row-level security does not bind the tables' owner
-- class: rls-off
-- severity: low
-- why: A table's owner is exempt from its policies unless they are forced, and so is every role that inherits from
--   the owner. Where the application is one of those, nothing is isolated; where it is not, FORCE keeps the
--   migration role and the owner's views and functions from seeing more than a tenant.
-- no-path: the application's role has no owner's rights; what has them, a view or a function of the owner's, is a
--   finding of its own where the application can use it.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
tenant as (
    select c.oid, n.nspname, c.relname, c.relowner
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relrowsecurity
      and not c.relforcerowsecurity
),
owner as (
    select o.relowner, app.rolname,
           coalesce(pg_has_role(app.oid, o.relowner, 'USAGE'), false) as is_app
    from (select distinct tenant.relowner from tenant) as o
    left join app on true
)
select format('%I.%I', tenant.nspname, tenant.relname) as object,
       case when owner.is_app
            then format('%I.%I does not force row-level security, and role %I has the rights of its owner %s: no policy applies to it',
                        tenant.nspname, tenant.relname, owner.rolname, tenant.relowner::regrole)
            else format('%I.%I does not force row-level security, so its owner %s is exempt from the policies',
                        tenant.nspname, tenant.relname, tenant.relowner::regrole) end as detail,
       format('alter table %I.%I force row level security;', tenant.nspname, tenant.relname) as fix,
       case when owner.is_app then 'critical' else 'low' end as severity
from tenant
join owner using (relowner)
order by 1;
