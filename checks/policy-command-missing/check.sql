-- title: A privilege without a policy for its command
-- class: write
-- severity: info
-- why: Policies are written for commands. Where the application holds a privilege and no permissive policy covers
--   the command, it finds no rows to change or has its inserts refused. Safe, but seldom meant: either the grant
--   or the policy is missing.
-- source: https://www.postgresql.org/docs/current/sql-createpolicy.html
-- tables: not open to the application
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
      and not r.rolbypassrls
),
policy_role as (
    select r.role_oid, r.role_oid = 0 or pg_has_role(app.oid, r.role_oid, 'USAGE') as applies
    from (select distinct u.role_oid from pg_catalog.pg_policy p cross join unnest(p.polroles) as u (role_oid)) as r
    cross join app
),
permitted as (
    select p.polrelid, array_agg(distinct p.polcmd) as commands
    from pg_catalog.pg_policy p
    where p.polpermissive
      and exists (select from unnest(p.polroles) as u (role_oid)
                  join policy_role r using (role_oid)
                  where r.applies)
    group by p.polrelid
),
command (letter, name, place) as (
    values ('r', 'SELECT', 1), ('a', 'INSERT', 2), ('w', 'UPDATE', 3), ('d', 'DELETE', 4)
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('role %I holds %s on %I.%I but no permissive policy covers it, so row-level security refuses what the grant allows',
              app.rolname, string_agg(command.name, ', ' order by command.place), n.nspname, c.relname) as detail,
       null::text as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
-- A table with no policy at all for the role is rls-no-policy's.
join permitted on permitted.polrelid = c.oid
cross join app
cross join command
where c.relrowsecurity
  and (c.relforcerowsecurity or not pg_has_role(app.oid, c.relowner, 'USAGE'))
  and not '*' = any (permitted.commands)
  and not command.letter = any (permitted.commands)
  and case when command.letter = 'd' then has_table_privilege(app.oid, c.oid, 'DELETE')
           else has_any_column_privilege(app.oid, c.oid, command.name) end
group by c.oid, n.nspname, c.relname, app.rolname
order by 1;
