select d.objid
from pg_catalog.pg_depend d
where d.refclassid = 'pg_catalog.pg_extension'::regclass
  and d.deptype = 'e'
  and d.classid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
