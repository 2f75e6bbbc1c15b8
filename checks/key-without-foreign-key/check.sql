-- title: The tenant key refers to no organization
-- class: key
-- severity: low
-- why: Without a foreign key that leads to the registry a row may carry the id of an organization that does not
--   exist: typed wrongly, or left behind by one that was deleted and readable again by whoever gets that id next.
-- mend: add the key NOT VALID first and validate it afterwards, so that writers are not locked out.
-- no-path: the policy binds the application to a context whether or not that organization exists; rows of nobody
--   come from elsewhere.
-- source: https://www.postgresql.org/docs/current/ddl-constraints.html
-- needs: unrooted key
with recursive tenant as (
    select t.oid::oid as oid, t.key
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
                current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
),
registry as (
    select current_setting('tenantctl.registry')::regclass::oid as oid
),
-- One row for each foreign key from a tenant's key to a tenant's key, directly or as a part of a longer one.
key_reference as (
    select k.conrelid, k.confrelid
    from pg_catalog.pg_constraint k
    join tenant child on child.oid = k.conrelid
    join tenant parent on parent.oid = k.confrelid
    join pg_catalog.pg_attribute ca on ca.attrelid = child.oid and ca.attname = child.key
    join pg_catalog.pg_attribute pa on pa.attrelid = parent.oid and pa.attname = parent.key
    join lateral unnest(k.conkey, k.confkey) as pair (child_col, parent_col)
         on pair.child_col = ca.attnum and pair.parent_col = pa.attnum
    where k.contype = 'f'
),
rooted as (
    select registry.oid from registry
    union
    select r.conrelid
    from rooted
    join key_reference r on r.confrelid = rooted.oid
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('no foreign key leads from %I.%I (%I) to the registry, so its rows may name an organization that does not exist',
              n.nspname, c.relname, tenant.key) as detail,
       format('alter table %I.%I add foreign key (%I) references %I.%I (%I) not valid;',
              n.nspname, c.relname, tenant.key, rn.nspname, rc.relname, current_setting('tenantctl.registry_id')) as fix,
       format('SELECT count(*) FROM %I.%I t WHERE NOT EXISTS (SELECT FROM %I.%I r WHERE r.%I::text = t.%I::text);  -- rows of no organization',
              n.nspname, c.relname, rn.nspname, rc.relname, current_setting('tenantctl.registry_id'), tenant.key) as evidence
from tenant
join pg_catalog.pg_class c on c.oid = tenant.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join registry
join pg_catalog.pg_class rc on rc.oid = registry.oid
join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
where tenant.key is not null
  and tenant.oid <> registry.oid
  and not c.relispartition
  and not exists (select from rooted where rooted.oid = tenant.oid)
order by 1;
