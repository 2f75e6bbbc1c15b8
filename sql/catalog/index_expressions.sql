select i.indexrelid, pg_get_expr(i.indexprs, i.indrelid) as expressions
from pg_catalog.pg_index i
join unnest($1) as wanted (oid) on wanted.oid = i.indexrelid
