-- title: The application's role owns tenant tables
-- class: role
-- severity: critical
-- why: A table's owner may drop its policies and disable row-level security with one ALTER TABLE, FORCE or not. So
--   may every role that inherits from the owner, and every role that may SET ROLE to it.
-- mend: let a role that the application cannot become own the tables (alter table ... owner to ...) and run the
--   migrations; grant the application's role SELECT, INSERT, UPDATE and DELETE.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select c.oid, n.nspname, c.relname, c.relowner
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
),
-- Asked once for each owner, not for each table. From PostgreSQL 16 on MEMBER says more than SET ROLE allows.
owner as (
    select o.relowner,
           pg_has_role(app.oid, o.relowner, 'USAGE') as as_itself,
           pg_has_role(app.oid, o.relowner, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end) as by_set_role
    from (select distinct tenant.relowner from tenant) as o
    cross join app
)
select app.rolname as object,
       format('role %I %s %s tenant tables (%s%s), so it can switch their policies off', app.rolname,
              case when bool_or(tenant.relowner = app.oid) then 'owns'
                   when bool_or(owner.as_itself) then format('inherits from %s, the owner of', min(owner.relowner::regrole::text))
                   else format('may SET ROLE to %s, the owner of', min(owner.relowner::regrole::text)) end,
              count(*),
              min(format('%I.%I', tenant.nspname, tenant.relname)),
              case when count(*) > 1 then ', ...' else '' end) as detail,
       null::text as fix
from tenant
join owner using (relowner)
cross join app
where owner.as_itself or owner.by_set_role
group by app.rolname
order by 1;
