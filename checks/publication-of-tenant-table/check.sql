-- title: A tenant table is published
-- class: surface
-- severity: info
-- why: A publication sends the changes of every tenant's rows to its subscribers: policies do not filter
--   replication. That is what it is for, and a reason to know who subscribes.
-- source: https://www.postgresql.org/docs/current/logical-replication-security.html
-- needs: publications
select format('%I.%I', n.nspname, c.relname) as object,
       format('%s of %I.%I: subscribers receive every tenant''s rows',
              string_agg(format('publication %I', p.pubname), ', ' order by p.pubname), n.nspname, c.relname) as detail,
       null::text as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_publication_tables p on p.schemaname = n.nspname and p.tablename = c.relname
group by c.oid, n.nspname, c.relname
order by 1;
