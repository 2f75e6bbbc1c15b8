-- title: A unique constraint spans all tenants
-- class: oracle
-- severity: medium
-- why: Uniqueness is checked across all rows, policies or not. A duplicate-key error tells one tenant that another
--   has a row with that value, an e-mail address for instance. Where the value is a random uuid nobody can ask the
--   question; where it comes from a sequence the answer is only how far the sequence has got.
-- mend: put the tenant key into the constraint: UNIQUE (<key>, email) in place of UNIQUE (email).
-- no-path: the application's role may not write there, so that it cannot ask.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- needs: unique without the key
with tenant as (
    -- Looked up one by one: a join would read all of pg_attribute.
    select c.oid, n.nspname, c.relname, t.key,
           (select a.attnum from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = t.key) as key_col
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
                current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    -- An organization's own name and slug are unique among organizations.
    where t.oid <> current_setting('tenantctl.registry')::regclass
),
app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
-- Columns that lead a child without the key to its parent; what is unique for a parent is so for a tenant.
parent_column as (
    select k.conrelid, col.num
    from pg_catalog.pg_constraint k
    join tenant child on child.oid = k.conrelid and child.key_col is null
    join (select t.oid::oid as oid from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)) as parent
         on parent.oid = k.confrelid
    cross join unnest(k.conkey) as col (num)
    where k.contype = 'f'
),
open_index as materialized (
    select tenant.oid, tenant.nspname, tenant.relname, i.indexrelid, i.indisexclusion, i.indisprimary,
           (i.indkey::int2[])[0:i.indnkeyatts - 1] as cols
    from tenant
    join pg_catalog.pg_index i on i.indrelid = tenant.oid and (i.indisunique or i.indisexclusion)
    where not coalesce(tenant.key_col = any ((i.indkey::int2[])[0:i.indnkeyatts - 1]), false)
      and not coalesce(strpos(pg_get_expr(i.indexprs, i.indrelid), quote_ident(tenant.key)) > 0, false)
      and not exists (select from parent_column p
                      where p.conrelid = i.indrelid and p.num = any ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
),
-- What its columns are, all indexes at once.
described as (
    select i.indexrelid,
           string_agg(coalesce(quote_ident(a.attname), pg_get_indexdef(i.indexrelid, k.place::int, false)), ', ' order by k.place) as names,
           count(*) = 1 as single,
           coalesce(bool_or('uuid'::regtype in (y.oid, y.typbasetype)), false) as has_uuid,
           -- Nobody asks for what cannot be guessed: a token, the hash of a key.
           coalesce(bool_or(a.attname ~* '(token|secret|hash|digest|nonce|signature|api_?key)'), false) as has_secret,
           coalesce(bool_or('uuid'::regtype in (y.oid, y.typbasetype)
                            and (i.indisprimary
                                 or a.atthasdef
                                 or exists (select from pg_catalog.pg_constraint f
                                            where f.conrelid = i.oid and f.contype = 'f' and f.conkey = array[a.attnum]))), false) as uuid_is_made_here,
           coalesce(bool_or(y.oid in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
                            and (a.attidentity <> ''
                                 or (select pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d
                                     where d.adrelid = a.attrelid and d.adnum = a.attnum) like 'nextval(%')), false) as has_counter
    from open_index i
    cross join unnest(i.cols) with ordinality as k (num, place)
    left join lateral (select a.*
                       from pg_catalog.pg_attribute a
                       where a.attrelid = i.oid and a.attnum = k.num and k.num > 0
                       offset 0) as a on true
    left join pg_catalog.pg_type y on y.oid = a.atttypid
    group by i.indexrelid
),
spanning as (
    select i.oid, i.nspname, i.relname, i.indexrelid, ic.relname as index_name, i.indisexclusion,
           d.names, d.single, d.has_uuid, d.has_secret, d.has_counter, d.uuid_is_made_here
    from open_index i
    join described d using (indexrelid)
    join pg_catalog.pg_class ic on ic.oid = i.indexrelid and not ic.relispartition
),
judged as (
    select spanning.*,
           case
               when has_counter then 'info'
               when has_uuid or has_secret then 'low'
               when coalesce((select has_any_column_privilege(app.oid, spanning.oid, 'INSERT')
                                     or has_any_column_privilege(app.oid, spanning.oid, 'UPDATE') from app), true) then 'medium'
               else 'low'
           end as severity
    from spanning
    where not (single and uuid_is_made_here)
)
select distinct on (1)
       format('%I.%I', j.nspname, j.relname) as object,
       case
           when j.has_counter then format('%I of %I.%I is unique on (%s), a counter that all tenants share, so its values tell how many rows they have together',
                                          j.index_name, j.nspname, j.relname, j.names)
           else format('%I of %I.%I is unique on (%s) across tenants, so a duplicate-key error tells that another tenant has the value',
                       j.index_name, j.nspname, j.relname, j.names)
       end as detail,
       null::text as fix,
       j.severity,
       case when coalesce((select has_any_column_privilege(app.oid, j.oid, 'INSERT')
                                  or has_any_column_privilege(app.oid, j.oid, 'UPDATE') from app), true)
            then array[quote_ident(current_setting('tenantctl.app_role')), format('INSERT or UPDATE on %I.%I', j.nspname, j.relname),
                       format('a duplicate-key error of %I', j.index_name), 'which values other tenants have'] end as path,
       format('SELECT pg_get_indexdef(%L::regclass);  -- without the tenant key', format('%I.%I', j.nspname, j.index_name)) as evidence
from judged j
-- One row a table: the worst of its constraints.
order by 1, array_position(array['medium', 'low', 'info'], j.severity), j.index_name;
