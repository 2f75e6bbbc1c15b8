-- title: REFERENCES granted on a tenant table
-- class: privilege
-- severity: medium
-- why: With REFERENCES a role may point a foreign key of its own table at the tenant table. The check of that
--   key runs as the table's owner and ignores policies, so it answers whether any tenant has a given value.
--   To use it the role must be able to create a table somewhere.
-- source: https://www.postgresql.org/docs/current/ddl-priv.html
-- tables: references granted
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
foreign_owner as (
    select o.relowner
    from (select distinct tenant.relowner from tenant) as o
    cross join app
    where not pg_has_role(app.oid, o.relowner, 'USAGE')
),
-- A temporary table cannot refer to a permanent one, so it takes CREATE on some schema, or on the database.
workshop as (
    select has_database_privilege(app.oid, current_database(), 'CREATE')
           or exists (select from pg_catalog.pg_namespace n
                      where n.nspname !~ '^pg_'
                        and has_schema_privilege(app.oid, n.oid, 'CREATE')) as has_one
    from app
)
select format('%I.%I', tenant.nspname, tenant.relname) as object,
       format('role %I may refer to %I.%I with a foreign key, whose check ignores policies and tells which values other tenants have%s',
              app.rolname, tenant.nspname, tenant.relname,
              case when workshop.has_one then '' else ' (it cannot create a table to do so at present)' end) as detail,
       (select string_agg(distinct format('revoke references on table %I.%I from %s;', tenant.nspname, tenant.relname, g.name), ' ')
        from (select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as name
              from aclexplode(tenant.relacl) as a
              where a.privilege_type = 'REFERENCES'
                and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))
              union all
              -- Revoking on the table takes back the grants on its columns as well.
              select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
              from pg_catalog.pg_attribute att
              cross join aclexplode(att.attacl) as a
              where att.attrelid = tenant.oid
                and a.privilege_type = 'REFERENCES'
                and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))) as g) as fix,
       case when workshop.has_one then 'medium' else 'low' end as severity,
       array[quote_ident(app.rolname), 'member of ' || nullif(via.grantee, 0)::regrole::text,
             format('REFERENCES on %I.%I', tenant.nspname, tenant.relname),
             case when workshop.has_one then 'a foreign key of a table of its own' else 'a table of its own, which it cannot create today' end,
             'which values other tenants have'] as path,
       format('SELECT has_any_column_privilege(%L, %L, ''REFERENCES'');', app.rolname, format('%I.%I', tenant.nspname, tenant.relname)) as evidence
from tenant
join foreign_owner using (relowner)
cross join app
cross join workshop
left join lateral (select nullif(a.grantee, app.oid) as grantee
                   from aclexplode(tenant.relacl) as a
                   where a.privilege_type = 'REFERENCES'
                     and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))
                   order by a.grantee <> app.oid, a.grantee
                   limit 1) as via on true
where has_any_column_privilege(app.oid, tenant.oid, 'REFERENCES')
order by 1;
