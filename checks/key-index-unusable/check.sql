-- title: The index on the tenant key is of no use to the policy
-- class: none
-- severity: info
-- why: An index serves the policy's condition when the tenant key is its first column, it covers all rows and its
--   build succeeded. CREATE INDEX CONCURRENTLY that was interrupted leaves an invalid index that is kept up to
--   date and never read, and IF NOT EXISTS then takes it for the real one.
-- source: https://www.postgresql.org/docs/current/sql-createindex.html
-- tables: key not leading an index
with tenant as (
    select c.oid, n.nspname, c.relname, c.relkind, a.attname, a.attnum, a.atttypid
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
                current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = t.key and not a.attisdropped
    where not c.relispartition
),
candidate as (
    select tenant.oid, ic.relname as index_name, i.indisvalid, i.indpred is not null as partial,
           -- An expression over the key, such as (organization_id::text), serves policies that use the same.
           i.indkey[0] = tenant.attnum
           or (i.indkey[0] = 0
               and strpos(coalesce(pg_get_indexdef(i.indexrelid, 1, false), ''), quote_ident(tenant.attname)) > 0) as leads
    from tenant
    join pg_catalog.pg_index i on i.indrelid = tenant.oid
    join pg_catalog.pg_class ic on ic.oid = i.indexrelid
    where tenant.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
       or strpos(coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), quote_ident(tenant.attname)) > 0
)
select format('%I.%I', tenant.nspname, tenant.relname) as object,
       format('no usable index of %I.%I begins with %I: %s', tenant.nspname, tenant.relname, tenant.attname,
              (select string_agg(format('%I %s', c.index_name,
                                        case
                                            when not c.indisvalid then 'is invalid'
                                            when not c.leads then 'has it in a later place'
                                            else 'covers only some rows'
                                        end), ', ' order by c.index_name)
               from candidate c
               where c.oid = tenant.oid)) as detail,
       format('create index %son %I.%I (%I);', case when tenant.relkind = 'p' then '' else 'concurrently ' end,
              tenant.nspname, tenant.relname, tenant.attname) as fix
from tenant
where exists (select from candidate c where c.oid = tenant.oid)
  and not exists (select from candidate c where c.oid = tenant.oid and c.indisvalid and not c.partial and c.leads)
order by 1;
