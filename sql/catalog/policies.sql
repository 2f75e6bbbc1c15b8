-- The expressions come out with every name qualified, because search_path is pg_catalog only.
select p.oid,
       p.polrelid,
       p.polname::text as name,
       p.polcmd::text as command,
       p.polpermissive,
       p.polroles,
       pg_get_expr(p.polqual, p.polrelid) as using_expression,
       pg_get_expr(p.polwithcheck, p.polrelid) as check_expression
from pg_catalog.pg_policy p
order by p.polrelid, p.polname
