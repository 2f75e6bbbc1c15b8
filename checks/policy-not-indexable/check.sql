-- title: A policy that no index on the tenant key can serve
-- class: none
-- severity: info
-- why: An index on a column answers comparisons of that column, not of something computed from it. A policy that
--   compares (organization_id)::text or lower(tenant_id) reads the whole table for each query, which on a million
--   rows is a thousand times slower than converting the setting instead.
-- mend: compare the bare column with the converted setting: organization_id =
--   (select nullif(current_setting('app.current_organization_id', true), '')::uuid).
-- source: https://www.postgresql.org/docs/current/indexes-expressional.html
-- engine: predicate
with tenant as (
    select c.oid, n.nspname, c.relname, a.attname,
           -- varchar is printed as (key)::text, which is no conversion; any other cast of the key is one.
           case when coalesce(nullif(y.typbasetype, 0), y.oid) in ('text'::regtype, 'varchar'::regtype) then 'text' else '' end as harmless_cast,
           regexp_replace(quote_ident(a.attname), '([^[:alnum:]_ ])', '\\\1', 'g') as pattern
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
                current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = t.key and not a.attisdropped
    join pg_catalog.pg_type y on y.oid = a.atttypid
),
expression as (
    select p.polrelid, p.polname, pg_get_expr(p.polqual, p.polrelid) as text
    from pg_catalog.pg_policy p
    where p.polqual is not null
      and p.polpermissive
)
select format('%I.%I', tenant.nspname, tenant.relname) as object,
       format('%s of %I.%I %s %I before comparing it, so an index on that column cannot be used',
              string_agg(format('policy %I', e.polname), ', ' order by e.polname),
              tenant.nspname, tenant.relname, 'converts', tenant.attname) as detail,
       null::text as fix
from tenant
join expression e on e.polrelid = tenant.oid
where (e.text ~ ('\((\w+\.)?' || tenant.pattern || '\)::(?!' || tenant.harmless_cast || '\M)\w')
       or e.text ~ ('\m\w+\(\(?(\w+\.)?' || tenant.pattern || '[,)]'))
  -- An index on the very expression serves it.
  and not exists (select
                  from pg_catalog.pg_index i
                  where i.indrelid = tenant.oid
                    and i.indisvalid
                    and i.indpred is null
                    and i.indkey[0] = 0
                    and strpos(e.text, btrim(pg_get_indexdef(i.indexrelid, 1, false), '()')) > 0
                    and strpos(pg_get_indexdef(i.indexrelid, 1, false), quote_ident(tenant.attname)) > 0)
group by tenant.oid, tenant.nspname, tenant.relname, tenant.attname
order by 1;
