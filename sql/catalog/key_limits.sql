-- What may be a value of a key: CHECK constraints on it alone. Null where more than the key decides, or where its
-- collation takes different texts for equal.
select case when k.conkey = array[$2] then pg_get_expr(k.conbin, k.conrelid) end as condition
from pg_catalog.pg_constraint k
where k.contype = 'c' and k.conrelid = $1 and $2 = any (k.conkey)
union all
select null
from pg_catalog.pg_attribute a
join pg_catalog.pg_collation c on c.oid = a.attcollation
where a.attrelid = $1 and a.attnum = $2 and not c.collisdeterministic
