-- What a new row of relation $1 has to fulfil: CHECKs, its partition's bound, and what fills columns.
select 'check' as what, k.conname::text as name, null::text as number,
       pg_catalog.pg_get_expr(k.conbin, k.conrelid) as body
from pg_catalog.pg_constraint k
where k.conrelid = $1
  and k.contype = 'c'
  -- NOT ENFORCED exists from PostgreSQL 18 on.
  and pg_catalog.to_jsonb(k) ->> 'conenforced' is distinct from 'false'
union all
select 'bound', null, null, pg_catalog.pg_get_partition_constraintdef(c.oid)
from pg_catalog.pg_class c
where c.oid = $1 and c.relispartition
union all
select case when a.attgenerated = '' then 'default' else 'generated' end, null, a.attnum::text,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid)
from pg_catalog.pg_attrdef d
join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
where d.adrelid = $1
union all
select 'type', null, a.attnum::text, pg_catalog.format_type(a.atttypid, null)
from pg_catalog.pg_attribute a
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
union all
select 'deferred', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(k.conname),
       k.oid::text, k.condeferred::text
from pg_catalog.pg_constraint k
join pg_catalog.pg_namespace n on n.oid = k.connamespace
where k.conrelid = $1 and k.contype = 'f' and k.condeferrable
order by 1, 2, 3
