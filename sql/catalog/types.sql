-- Row types and their arrays are left out: there are two of them for every table.
select t.oid,
       format_type(t.oid, null) as name,
       t.typtype::text as kind,
       t.typbasetype as base,
       t.typnotnull,
       t.typtype = 'd' and (t.typnotnull or exists (select from pg_catalog.pg_constraint c where c.contypid = t.oid)) as constrained,
       t.typcategory::text as category,
       t.typelem as element
from pg_catalog.pg_type t
where t.typrelid = 0
  and not exists (select from pg_catalog.pg_type e where e.oid = t.typelem and e.typrelid <> 0)
