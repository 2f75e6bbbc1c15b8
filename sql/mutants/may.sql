-- What the application role may do on each table as it is, by privilege.
select c.oid,
       u.usage and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select') as may_select,
       u.usage and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'insert') as may_insert,
       u.usage and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'update') as may_update,
       u.usage and pg_catalog.has_table_privilege(r.oid, c.oid, 'delete') as may_delete
from pg_catalog.pg_class c
cross join pg_catalog.pg_roles r
cross join lateral (select pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'usage') as usage) u
where c.relkind in ('r', 'p')
  and r.rolname = $1
order by c.oid
