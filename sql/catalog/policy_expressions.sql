-- The expressions come out with every name qualified, because search_path is pg_catalog only.
select p.oid,
       pg_get_expr(p.polqual, p.polrelid) as using_expression,
       pg_get_expr(p.polwithcheck, p.polrelid) as check_expression
from pg_catalog.pg_policy p
join unnest($1) as wanted (oid) on wanted.oid = p.oid
