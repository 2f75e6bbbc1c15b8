select p.oid,
       p.polrelid,
       p.polname::text as name,
       p.polcmd::text as command,
       p.polpermissive,
       p.polroles
from pg_catalog.pg_policy p
order by p.polrelid, p.polname
