select k.oid,
       k.conrelid,
       k.conname::text as name,
       k.contype::text as kind,
       k.conkey,
       k.confrelid,
       k.confkey,
       k.confdeltype::text as on_delete,
       k.confupdtype::text as on_update,
       k.convalidated,
       k.condeferrable
from pg_catalog.pg_constraint k
join pg_catalog.pg_namespace n on n.oid = k.connamespace
where k.contype in ('p', 'u', 'f', 'x', 'c')
  and k.conrelid <> 0
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
order by k.conrelid, k.conname
