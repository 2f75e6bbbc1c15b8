-- title: New tables are granted to the application as they are created
-- class: coverage
-- severity: low
-- why: Default privileges give the application each new table at once, and row-level security is off on it until
--   somebody enables it. They are convenient, and `tenantctl role create` sets them; then a migration that adds a
--   table has to be followed by `tenantctl apply`, and a build that runs `tenantctl verify` notices when it was not.
-- mend: accept it with an [[allow]] where verify runs on every deployment; otherwise grant table by table.
-- source: https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
-- needs: default privileges
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
handed_out as (
    select d.defaclrole, n.nspname, a.grantee, app.rolname,
           string_agg(a.privilege_type, ', ' order by a.privilege_type) as privileges
    from pg_catalog.pg_default_acl d
    cross join aclexplode(d.defaclacl) as a
    cross join app
    left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
    where d.defaclobjtype = 'r'
      and a.grantee <> 0
      and a.grantee <> d.defaclrole
      and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
      and pg_has_role(app.oid, a.grantee, 'USAGE')
    group by d.oid, d.defaclrole, n.nspname, a.grantee, app.rolname
)
select coalesce(quote_ident(h.nspname), h.defaclrole::regrole::text) as object,
       format('tables that %s creates%s are open to role %I (%s) until row-level security is enabled on them',
              h.defaclrole::regrole, coalesce(' in schema ' || quote_ident(h.nspname), ''), h.rolname, h.privileges) as detail,
       format('alter default privileges for role %s%s revoke %s on tables from %s;',
              h.defaclrole::regrole, coalesce(' in schema ' || quote_ident(h.nspname), ''), lower(h.privileges), h.grantee::regrole) as fix,
       array[quote_ident(h.rolname),
             case when h.grantee::regrole::text <> quote_ident(h.rolname) then format('member of %s', h.grantee::regrole) end,
             format('%s on each table that %s creates%s', h.privileges, h.defaclrole::regrole, coalesce(' in schema ' || quote_ident(h.nspname), '')),
             'without row-level security until somebody enables it'] as path,
       null::text as severity,
       format('SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclacl FROM pg_catalog.pg_default_acl WHERE defaclobjtype = ''r'' AND defaclrole = %L::regrole;',
              h.defaclrole::regrole) as evidence
from handed_out h
order by 1, 3;
