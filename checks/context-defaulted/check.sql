-- title: The tenant context has a default
-- class: context
-- severity: high
-- why: ALTER ROLE ... SET, ALTER DATABASE ... SET or the configuration file give every new connection a context
--   that nobody chose. Code that forgets to set its own then works as that organization instead of finding
--   nothing, and its mistakes are invisible.
-- mend: take the line out of postgresql.conf, or the option off the server's command line, where it comes from
--   there, and reload.
-- source: https://www.postgresql.org/docs/current/sql-alterrole.html
with context as (
    select current_setting('tenantctl.context') as name
),
app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
-- Settings of roles and databases that reach a login of the application's role in this database. A setting
-- of a role it is only a member of does not: they are read for the login role alone.
stored as (
    select s.setrole, s.setdatabase, substr(c.entry, strpos(c.entry, '=') + 1) as value
    from pg_catalog.pg_db_role_setting s
    cross join unnest(s.setconfig) as c (entry)
    cross join context
    where lower(split_part(c.entry, '=', 1)) = lower(context.name)
      and (s.setdatabase = 0 or s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
      and (s.setrole = 0 or s.setrole = (select app.oid from app))
      and substr(c.entry, strpos(c.entry, '=') + 1) <> ''
),
-- What is left came from the configuration file or the server's command line. The second argument is written
-- as an expression because here, unlike for the settings of tenantctl itself, being unset is the innocent case.
from_file as (
    select context.name
    from context
    where current_setting(context.name, (1 = 1)) <> ''
      and not exists (select
                      from pg_catalog.pg_db_role_setting s
                      cross join unnest(s.setconfig) as c (entry)
                      where lower(split_part(c.entry, '=', 1)) = lower(context.name))
)
select case when s.setrole = 0 then context.name else app.rolname end as object,
       case
           when s.setrole = 0 and s.setdatabase = 0 then format('every role starts with %s = %L, so a session that sets no context acts as that organization', context.name, s.value)
           when s.setrole = 0 then format('database %I presets %s = %L, so a session that sets no context acts as that organization', current_database(), context.name, s.value)
           else format('role %I presets %s = %L, so a session that sets no context acts as that organization', app.rolname, context.name, s.value)
       end as detail,
       case
           when s.setrole = 0 and s.setdatabase = 0 then format('alter role all reset %s;', context.name)
           when s.setrole = 0 then format('alter database %I reset %s;', current_database(), context.name)
           when s.setdatabase = 0 then format('alter role %I reset %s;', app.rolname, context.name)
           else format('alter role %I in database %I reset %s;', app.rolname, current_database(), context.name)
       end as fix,
       array[quote_ident(current_setting('tenantctl.app_role')), 'a new session', format('%s = %L from the start', context.name, s.value)] as path,
       format('SELECT setrole, setdatabase, setconfig FROM pg_catalog.pg_db_role_setting WHERE setconfig::text LIKE %L;',
              '%' || context.name || '=%') as evidence
from stored s
cross join context
left join app on app.oid = s.setrole
union all
select f.name,
       format('the server''s configuration presets %s, so a session that sets no context acts as that organization', f.name),
       null,
       array[quote_ident(current_setting('tenantctl.app_role')), 'a new session', format('%s is set from the start', f.name)],
       format('SHOW %s;  -- in a session that has not set it', f.name)
from from_file f
order by 1, 3;
