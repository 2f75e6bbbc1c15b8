select c.oid,
       pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'usage') as usage,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'delete') as may_delete,
       pg_catalog.has_table_privilege(r.oid, c.oid, 'truncate') as may_truncate,
       array(select a.attname::text
             from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'select')
             order by a.attnum) as selects,
       array(select a.attname::text
             from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'insert')
             order by a.attnum) as inserts,
       array(select a.attname::text
             from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'update')
             order by a.attnum) as updates
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join pg_catalog.pg_roles r
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and r.rolname = $1
