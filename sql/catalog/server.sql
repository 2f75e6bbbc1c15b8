select current_setting('server_version_num')::int4 as version_num,
       current_setting('server_version') as version,
       d.datname::text as database,
       d.oid as database_oid,
       d.datdba as database_owner,
       d.datacl::text as database_acl,
       pg_is_in_recovery() as in_recovery,
       exists (select from pg_catalog.pg_publication) as publishes,
       current_user::text as session_user_name,
       (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) as session_user_oid,
       to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as today
from pg_catalog.pg_database d
where d.datname = current_database()
