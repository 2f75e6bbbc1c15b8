-- Types that are made of others: domains with their CHECKs, row types with their fields, ranges.
select 'check' as what, k.contypid::text as type, null::text as name, null::text as part, null::text as modifier,
       pg_catalog.pg_get_expr(k.conbin, 0) as body
from pg_catalog.pg_constraint k
where k.contypid <> 0 and k.contype = 'c'
union all
select 'field', t.oid::text, pg_catalog.to_char(a.attnum, '0000'), a.atttypid::text, a.atttypmod::text, null
from pg_catalog.pg_type t
join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind = 'c'
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
union all
select 'element', t.typarray::text, null, t.oid::text, null, null
from pg_catalog.pg_type t
join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind = 'c'
where t.typarray <> 0
union all
select 'range', r.rngtypid::text, null, r.rngsubtype::text, null, null
from pg_catalog.pg_range r
union all
select 'multirange', r.rngmultitypid::text, null, r.rngtypid::text, null, null
from pg_catalog.pg_range r
order by 1, 2, 3
