-- inherit_option and set_option exist from PostgreSQL 16 on; null means that the older rule holds.
select m.roleid,
       m.member,
       m.admin_option,
       (to_jsonb(m) ->> 'inherit_option')::bool as inherit_option,
       (to_jsonb(m) ->> 'set_option')::bool as set_option
from pg_catalog.pg_auth_members m
