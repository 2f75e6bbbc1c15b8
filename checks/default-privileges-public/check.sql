-- title: New tables are handed to everybody
-- class: coverage
-- severity: high
-- why: ALTER DEFAULT PRIVILEGES ... TO PUBLIC grants each new table to every role at the moment of its creation,
--   before anybody has enabled row-level security on it, whatever it is for.
-- no-path: the application's role cannot use the schema today, so that its new tables are out of reach.
-- source: https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
-- needs: default privileges
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
handed_out as (
    select d.defaclnamespace, d.defaclrole, n.nspname,
           string_agg(a.privilege_type, ', ' order by a.privilege_type) as privileges,
           -- The application has to get into the schema; without a role to ask about, suppose that it will.
           n.oid is null or coalesce((select has_schema_privilege(app.oid, n.oid, 'USAGE') from app), true) as reachable
    from pg_catalog.pg_default_acl d
    cross join aclexplode(d.defaclacl) as a
    left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
    where d.defaclobjtype = 'r'
      and a.grantee = 0
    group by d.defaclnamespace, d.defaclrole, n.oid, n.nspname
)
select coalesce(quote_ident(h.nspname), h.defaclrole::regrole::text) as object,
       format('tables that %s creates%s are granted to PUBLIC (%s) before they have a policy',
              h.defaclrole::regrole, coalesce(' in schema ' || quote_ident(h.nspname), ''), h.privileges) as detail,
       format('alter default privileges for role %s%s revoke %s on tables from public;',
              h.defaclrole::regrole, coalesce(' in schema ' || quote_ident(h.nspname), ''), lower(h.privileges)) as fix,
       case when h.reachable then 'high' else 'low' end as severity,
       case when h.reachable
            then array[quote_ident(current_setting('tenantctl.app_role')), 'PUBLIC',
                       format('%s on each table that %s creates%s', h.privileges, h.defaclrole::regrole, coalesce(' in schema ' || quote_ident(h.nspname), '')),
                       'without row-level security until somebody enables it'] end as path,
       format('SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclacl FROM pg_catalog.pg_default_acl WHERE defaclobjtype = ''r'' AND defaclrole = %L::regrole;',
              h.defaclrole::regrole) as evidence
from handed_out h
order by 1, 3;
