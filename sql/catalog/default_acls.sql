select d.defaclrole as owner, d.defaclnamespace as schema, d.defaclobjtype::text as kind, d.defaclacl::text as acl
from pg_catalog.pg_default_acl d
order by 1, 2, 3
