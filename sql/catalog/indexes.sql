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
       -- Whether its columns say all there is to say, so that one like it can be built anew.
       case when i.indisunique and not i.indisprimary then
           m.amname = 'btree'
           and i.indpred is null and i.indexprs is null and i.indnatts = i.indnkeyatts
           and not i.indisreplident and not i.indisclustered
           and c.reltablespace = 0 and c.reloptions is null
           and 0 = all (i.indoption::int2[])
           -- NULLS NOT DISTINCT, since 15.
           and coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false'
           and not exists (select
                           from unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[]) as k (num, class, collated)
                           join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.num
                           join pg_catalog.pg_opclass o on o.oid = k.class
                           where not o.opcdefault or k.collated <> a.attcollation)
       else false end as plain_unique,
       (select h.inhparent from pg_catalog.pg_inherits h where c.relispartition and h.inhrelid = i.indexrelid) as parent
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = c.relam
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by i.indrelid, i.indexrelid
