-- title: A foreign table brings rows from where no policy applies
-- class: surface
-- severity: high
-- why: A foreign table cannot have policies, and what it shows depends on the login that its user mapping uses at the
--   other end. Pointed at tenant tables, its own database's through a loopback included, it shows what that login sees.
-- mend: revoke it, or let the mapping log in as the application's role and set the context on that connection.
-- source: https://www.postgresql.org/docs/current/postgres-fdw.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
shared as (
    select t.oid::oid as oid from unnest(current_setting('tenantctl.shared_tables')::regclass[]) as t (oid)
),
judged as (
    select c.oid, n.nspname, c.relname, s.srvname,
           exists (select from pg_catalog.pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname = current_setting('tenantctl.key'))
           -- Named like a tenant table, here or at the other end.
           or exists (select
                      from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
                      join pg_catalog.pg_class tc on tc.oid = t.oid
                      where tc.relname = c.relname
                         or 'table_name=' || tc.relname = any (f.ftoptions)) as of_tenants
    from pg_catalog.pg_foreign_table f
    join pg_catalog.pg_class c on c.oid = f.ftrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
    where not exists (select from shared where shared.oid = c.oid)
)
select format('%I.%I', j.nspname, j.relname) as object,
       format('role %I may read foreign table %I.%I (server %I), which no policy filters%s', app.rolname, j.nspname, j.relname, j.srvname,
              case when j.of_tenants then ' although it holds tenants'' rows' else '' end) as detail,
       null::text as fix,
       case when j.of_tenants then 'critical' else 'medium' end as severity
from judged j
cross join app
where has_any_column_privilege(app.oid, j.oid, 'SELECT')
  and has_schema_privilege(app.oid, j.nspname, 'USAGE')
order by 1;
