select a.attrelid,
       a.attnum,
       a.attname::text as name,
       a.atttypid,
       a.atttypmod,
       a.attnotnull,
       a.atthasdef,
       a.attidentity::text as identity,
       a.attgenerated::text as generated,
       a.attacl::text as acl
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0
  and not a.attisdropped
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
order by a.attrelid, a.attnum
