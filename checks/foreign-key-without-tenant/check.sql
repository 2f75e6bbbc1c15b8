-- title: A foreign key between tenant tables leaves the tenant out
-- class: key
-- severity: medium
-- why: The check of a foreign key ignores policies. Without the tenant key in it a row may hang on another
--   tenant's parent; the error tells whether a parent of any tenant exists; and ON DELETE CASCADE carries one
--   tenant's delete into the other tenant's rows. A random uuid alone is hard to guess, and counts as low.
-- mend: add UNIQUE (<key>, <id>) to the parent and refer to both columns. The longer key then does the work of
--   the shorter, which can go.
-- no-path: the application's role may neither write the child nor change the parent; who writes for it may still
--   hang a row on the wrong one.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- needs: reference without the key
with tenant as (
    -- Looked up one by one: a join would read all of pg_attribute.
    select t.oid::oid as oid,
           (select a.attnum from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attname = t.key) as key_col
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
                current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
),
app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
-- Foreign keys from a tenant table to a tenant table, the registry aside. Clones on partitions are left out.
candidate as (
    select k.oid, k.conname, k.conrelid, k.confrelid, k.conkey, k.confkey, k.confdeltype, k.confupdtype, k.convalidated, child.key_col,
           exists (select
                   from unnest(k.conkey, k.confkey) as pair (child_col, parent_col)
                   where pair.child_col = child.key_col and pair.parent_col = parent.key_col) as has_key
    from pg_catalog.pg_constraint k
    join tenant child on child.oid = k.conrelid
    join tenant parent on parent.oid = k.confrelid
    where k.contype = 'f'
      and k.conparentid = 0
      and k.confrelid <> current_setting('tenantctl.registry')::regclass
),
-- A child without the key has its tenant from one parent, whose policy it repeats. Its only such foreign key
-- is that one; where it has several, those that a policy of the table names are.
carries_the_tenant as (
    select c.oid
    from candidate c
    where c.key_col is null
      and ((select count(*) from candidate o where o.conrelid = c.conrelid) = 1
           or not exists (select from pg_catalog.pg_policy p where p.polrelid = c.conrelid)
           or exists (select
                      from pg_catalog.pg_policy p
                      join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
                      where p.polrelid = c.conrelid
                        and strpos(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
                                   quote_ident(a.attname)) > 0))
),
loose as (
    select c.*,
           -- An attacker would have to guess it.
           exists (select
                   from unnest(c.confkey) as col (num)
                   join pg_catalog.pg_attribute a on a.attrelid = c.confrelid and a.attnum = col.num
                   join pg_catalog.pg_type y on y.oid = a.atttypid
                   where 'uuid'::regtype in (y.oid, y.typbasetype)) as unguessable,
           exists (select from app) as app_exists,
           coalesce((select has_any_column_privilege(app.oid, c.conrelid, 'INSERT')
                            or has_any_column_privilege(app.oid, c.conrelid, 'UPDATE') from app), true) as app_writes_child,
           coalesce((select has_table_privilege(app.oid, c.confrelid, 'DELETE') from app), true) as app_deletes_parent,
           coalesce((select has_any_column_privilege(app.oid, c.confrelid, 'UPDATE') from app), true) as app_updates_parent
    from candidate c
    where not c.has_key
      and not exists (select from carries_the_tenant v where v.oid = c.oid)
      -- A second, longer foreign key to the same parent makes this one harmless, once it holds for old rows, too.
      and not exists (select
                      from candidate o
                      where o.conrelid = c.conrelid
                        and o.confrelid = c.confrelid
                        and o.has_key
                        and o.convalidated
                        and o.conkey @> c.conkey
                        -- A further column that is NULL would let the row refer to nothing.
                        and not exists (select
                                        from unnest(o.conkey) as further (num)
                                        join pg_catalog.pg_attribute a on a.attrelid = o.conrelid and a.attnum = further.num
                                        where not a.attnotnull
                                          and further.num <> o.key_col
                                          and further.num <> all (c.conkey)))
),
judged as (
    select loose.*,
           (loose.confdeltype in ('c', 'n', 'd') and loose.app_deletes_parent)
           or (loose.confupdtype in ('c', 'n', 'd') and loose.app_updates_parent) as reaches
    from loose
),
ranked as (
    select judged.*,
           case
               when reaches then 'high'
               when unguessable or not app_writes_child then 'low'
               else 'medium'
           end as severity
    from judged
)
select distinct on (1)
       format('%I.%I', n.nspname, c.relname) as object,
       format('foreign key %I of %I.%I refers to %I.%I without the tenant key, so %s',
              r.conname, n.nspname, c.relname, pn.nspname, pc.relname,
              case
                  when r.reaches then 'a tenant that deletes or changes its row reaches rows that other tenants hung on it'
                  when r.unguessable then 'a tenant that learns the id of another''s row can hang its own on it'
                  when r.app_writes_child then 'a tenant can hang its rows on another''s and learn which ones exist'
                  else 'rows of one tenant may hang on another''s'
              end) as detail,
       null::text as fix,
       r.severity,
       case
           when r.reaches
               then array[quote_ident(current_setting('tenantctl.app_role')),
                          format('%s on %I.%I', case when r.confdeltype in ('c', 'n', 'd') and r.app_deletes_parent then 'DELETE' else 'UPDATE' end, pn.nspname, pc.relname),
                          format('the action of foreign key %I, as the owner of %I.%I', r.conname, n.nspname, c.relname),
                          format('rows of other tenants in %I.%I', n.nspname, c.relname)]
           when r.app_writes_child
               then array[quote_ident(current_setting('tenantctl.app_role')), format('INSERT or UPDATE on %I.%I', n.nspname, c.relname),
                          format('the check of foreign key %I, which ignores policies', r.conname),
                          format('rows of other tenants in %I.%I', pn.nspname, pc.relname)]
       end as path,
       format('SELECT pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE conrelid = %L::regclass AND conname = %L;  -- without the tenant key',
              format('%I.%I', n.nspname, c.relname), r.conname) as evidence
from ranked r
join pg_catalog.pg_class c on c.oid = r.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class pc on pc.oid = r.confrelid
join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
-- One row a table: the worst of its foreign keys.
order by 1, array_position(array['high', 'medium', 'low'], r.severity), r.conname;
