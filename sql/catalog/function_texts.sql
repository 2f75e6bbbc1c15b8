select p.oid, pg_get_expr(p.proargdefaults, 0) as default_values, pg_get_function_sqlbody(p.oid) as body
from pg_catalog.pg_proc p
join unnest($1) as wanted (oid) on wanted.oid = p.oid
