select c.oid, pg_get_viewdef(c.oid) as definition,
       case when c.relkind = 'v' then pg_relation_is_updatable(c.oid, false) else 0 end as updatable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
