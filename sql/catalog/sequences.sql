select d.objid as sequence, d.refobjid as relation, d.refobjsubid as attnum
from pg_catalog.pg_depend d
join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
where d.classid = 'pg_catalog.pg_class'::regclass
  and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.deptype in ('a', 'i')
  and d.refobjsubid > 0
