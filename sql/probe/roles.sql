-- Roles that the role ($1) may become by SET ROLE: those that row-level security does not bind first.
select o.oid
from pg_catalog.pg_roles o
cross join pg_catalog.pg_roles r
where r.rolname = $1
  and o.oid <> r.oid
  and not r.rolsuper
  and pg_catalog.pg_has_role(r.oid, o.oid, case
          when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'set'
          else 'member' end)
order by not (o.rolsuper or o.rolbypassrls), o.rolname
