-- title: TRUNCATE granted on a tenant table
-- class: privilege
-- severity: critical
-- why: Row-level security does not apply to TRUNCATE: whoever has the privilege removes every tenant's rows
--   with one statement. It usually arrives with GRANT ALL.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- tables: truncate granted
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select c.oid, n.nspname, c.relname, c.relowner, c.relacl
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
),
-- An owner holds every privilege without a grant; that is app-role-owns-tables.
foreign_owner as (
    select o.relowner
    from (select distinct tenant.relowner from tenant) as o
    cross join app
    where not pg_has_role(app.oid, o.relowner, 'USAGE')
)
select format('%I.%I', tenant.nspname, tenant.relname) as object,
       format('role %I may TRUNCATE %I.%I, which no policy limits: one statement removes every tenant''s rows',
              app.rolname, tenant.nspname, tenant.relname) as detail,
       (select string_agg(format('revoke truncate on table %I.%I from %s;', tenant.nspname, tenant.relname,
                                 case when a.grantee = 0 then 'public' else a.grantee::regrole::text end),
                          ' ' order by a.grantee)
        from aclexplode(tenant.relacl) as a
        where a.privilege_type = 'TRUNCATE'
          and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))) as fix,
       array[quote_ident(app.rolname), 'member of ' || nullif(via.grantee, 0)::regrole::text,
             format('TRUNCATE on %I.%I', tenant.nspname, tenant.relname), 'every tenant''s rows: no policy is asked'] as path,
       -- Not the TRUNCATE itself: rolled back or not, it would stop every reader meanwhile.
       format('SELECT has_table_privilege(%L, %L, ''TRUNCATE'');', app.rolname, format('%I.%I', tenant.nspname, tenant.relname)) as evidence
from tenant
join foreign_owner using (relowner)
cross join app
left join lateral (select nullif(a.grantee, app.oid) as grantee
                   from aclexplode(tenant.relacl) as a
                   where a.privilege_type = 'TRUNCATE'
                     and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))
                   order by a.grantee <> app.oid, a.grantee
                   limit 1) as via on true
where has_table_privilege(app.oid, tenant.oid, 'TRUNCATE')
order by 1;
