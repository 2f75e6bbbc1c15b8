-- title: No index on the tenant key
-- class: none
-- severity: info
-- why: Every query on the table gets the policy's condition on the key. Without an index that begins with the key
--   each of them reads the rows of all tenants to return those of one.
-- source: https://www.postgresql.org/docs/current/indexes-multicolumn.html
-- tables: key not leading an index
select format('%I.%I', n.nspname, c.relname) as object,
       format('no index of %I.%I contains %I, so each query reads every tenant''s rows', n.nspname, c.relname, a.attname) as detail,
       format('create index %son %I.%I (%I);', case when c.relkind = 'p' then '' else 'concurrently ' end,
              n.nspname, c.relname, a.attname) as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
            current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = t.key and not a.attisdropped
left join pg_catalog.pg_index i
       on i.indrelid = c.oid
      -- indkey counts from 0, and columns after indnkeyatts are only carried along.
      and (a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
           or strpos(coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), quote_ident(a.attname)) > 0)
where i.indexrelid is null
  and not c.relispartition
order by 1;
