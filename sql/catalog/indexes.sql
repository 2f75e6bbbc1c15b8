select i.indrelid,
       i.indexrelid,
       c.relname::text as name,
       m.amname::text as method,
       i.indisunique,
       i.indisprimary,
       i.indisexclusion,
       i.indisvalid and i.indisready as usable,
       i.indnkeyatts as key_columns,
       i.indkey::int2[] as columns,
       i.indpred is not null as partial,
       (select h.inhparent from pg_catalog.pg_inherits h where c.relispartition and h.inhrelid = i.indexrelid) as parent
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = c.relam
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by i.indrelid, i.indexrelid
