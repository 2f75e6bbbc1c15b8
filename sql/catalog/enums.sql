select e.enumtypid, e.enumlabel::text as label
from pg_catalog.pg_enum e
order by e.enumtypid, e.enumsortorder
