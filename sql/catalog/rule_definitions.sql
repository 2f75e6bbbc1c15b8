select r.oid, pg_get_ruledef(r.oid) as definition
from pg_catalog.pg_rewrite r
join unnest($1) as wanted (oid) on wanted.oid = r.oid
