select o.oid
from pg_catalog.pg_roles o
cross join pg_catalog.pg_roles r
where r.rolname = $1
  and pg_catalog.pg_has_role(r.oid, o.oid, 'usage')
