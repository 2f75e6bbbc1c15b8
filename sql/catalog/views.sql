select c.oid, pg_get_viewdef(c.oid) as definition,
       case when c.relkind = 'v' then pg_relation_is_updatable(c.oid, false) else 0 end as updatable
from pg_catalog.pg_class c
join unnest($1) as wanted (oid) on wanted.oid = c.oid
