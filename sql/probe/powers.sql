-- What the role ($1) may do with tenant tables ($2) that no policy looks at.
select c.oid,
       pg_catalog.pg_has_role(r.oid, c.relowner, 'usage') as owns,
       pg_catalog.pg_has_role(r.oid, c.relowner, case
           when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'set'
           else 'member' end) as may_become_owner,
       pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'usage')
           and pg_catalog.has_table_privilege(r.oid, c.oid, 'trigger') as may_trigger,
       pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'usage')
           and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'references') as may_reference,
       pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'create')
           or exists (select
                      from pg_catalog.pg_namespace n
                      where n.nspname !~ '^pg_'
                        and pg_catalog.has_schema_privilege(r.oid, n.oid, 'create')) as may_create
from pg_catalog.pg_class c
cross join pg_catalog.pg_roles r
where r.rolname = $1
  and not r.rolsuper
  and c.oid = any ($2)
