select t.tgrelid, t.tgname::text as name, t.tgfoid as function, t.tgtype, t.tgenabled::text as enabled,
       t.tgnewtable::text as new_table, t.tgoldtable::text as old_table
from pg_catalog.pg_trigger t
where not t.tgisinternal
order by t.tgrelid, t.tgname
