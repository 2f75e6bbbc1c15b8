-- Who is connected to this database, by role and application; not tenantctl itself. When a session
-- began is hidden from those who may not read its statistics.
select a.usesysid as role,
       a.application_name as application,
       count(*) as sessions,
       to_char(min(a.backend_start) at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as since
from pg_catalog.pg_stat_activity a
where a.datid = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
  and a.backend_type = 'client backend'
  and a.usesysid is not null
  and a.pid <> pg_backend_pid()
  and a.application_name is distinct from 'tenantctl'
group by 1, 2
order by 1, 2
