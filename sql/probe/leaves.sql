-- The bounds of the partitions below $1 that take rows, the newest first; the default one takes
-- whatever the others do not.
select pg_catalog.pg_get_partition_constraintdef(t.relid)
from pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass) t
join pg_catalog.pg_class c on c.oid = t.relid
where t.isleaf
  and t.relid <> $1
  and pg_catalog.pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
order by c.oid desc
limit 64
