select c.oid,
       c.relnamespace as schema,
       c.relname::text as name,
       c.relkind::text as kind,
       c.relowner as owner,
       c.relrowsecurity,
       c.relforcerowsecurity,
       c.relispartition,
       c.relpersistence::text as persistence,
       c.reloptions,
       c.relacl::text as acl,
       c.reltuples,
       c.relhasrules and exists (select
                                 from pg_catalog.pg_rewrite r
                                 where r.ev_class = c.oid and r.ev_type in ('2', '3')) as rewritten
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
