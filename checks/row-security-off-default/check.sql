-- title: row_security is off by default
-- class: context
-- severity: info
-- why: With row_security off PostgreSQL does not bypass policies: it raises an error where one would filter.
--   Nothing leaks, but the application stops at its first query on a protected table.
-- source: https://www.postgresql.org/docs/current/runtime-config-client.html
-- needs: role settings
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
)
select case when s.setrole = 0 then 'row_security' else app.rolname end as object,
       format('%s presets row_security = off, so queries that a policy would filter fail with an error',
              case when s.setrole = 0 then format('database %I', current_database()) else format('role %I', app.rolname) end) as detail,
       case
           when s.setrole = 0 and s.setdatabase = 0 then 'alter role all reset row_security;'
           when s.setrole = 0 then format('alter database %I reset row_security;', current_database())
           when s.setdatabase = 0 then format('alter role %I reset row_security;', app.rolname)
           else format('alter role %I in database %I reset row_security;', app.rolname, current_database())
       end as fix
from pg_catalog.pg_db_role_setting s
cross join unnest(s.setconfig) as c (entry)
left join app on app.oid = s.setrole
where split_part(c.entry, '=', 1) = 'row_security'
  and not split_part(c.entry, '=', 2)::boolean
  and (s.setrole = 0 or app.oid is not null)
  and (s.setdatabase = 0 or s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
order by 1, 3;
