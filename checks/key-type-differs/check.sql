-- title: The tenant key has another type than the registry's id
-- class: key
-- severity: low
-- why: A key of another type cannot have a foreign key to the registry, and its policy has to convert values:
--   text of a uuid in capitals is another text but the same organization, and the conversion keeps an index from
--   being used.
-- no-path: a type opens nothing by itself: the policy that converts it may, and is proved for what it is.
-- source: https://www.postgresql.org/docs/current/datatype-uuid.html
-- tables: key of another type
with registry as materialized (
    select a.atttypid as type_oid, coalesce(nullif(y.typbasetype, 0), y.oid) as base
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type y on y.oid = a.atttypid
    where a.attrelid = current_setting('tenantctl.registry')::regclass
      and a.attname = current_setting('tenantctl.registry_id')
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('column %I of %I.%I is %s where the registry''s id is %s, so it cannot be checked or indexed as the same value',
              a.attname, n.nspname, c.relname, format_type(a.atttypid, a.atttypmod), format_type(registry.type_oid, null)) as detail,
       case when c.relispartition then null
            else format('alter table %I.%I alter column %I type %s using %I::%s;', n.nspname, c.relname, a.attname,
                        format_type(registry.type_oid, null), a.attname, format_type(registry.type_oid, null)) end as fix,
       format('SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute WHERE (attrelid, attname) IN ((%L::regclass, %L), (%L::regclass, %L));',
              format('%I.%I', n.nspname, c.relname), a.attname, current_setting('tenantctl.registry'), current_setting('tenantctl.registry_id')) as evidence
from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
            current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = t.key and not a.attisdropped
join pg_catalog.pg_type y on y.oid = a.atttypid
cross join registry
where coalesce(nullif(y.typbasetype, 0), y.oid) <> registry.base
  -- varchar and text are one type to an index; so are the integers.
  and not (registry.base in ('text'::regtype, 'varchar'::regtype)
           and coalesce(nullif(y.typbasetype, 0), y.oid) in ('text'::regtype, 'varchar'::regtype))
  and not (registry.base in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
           and coalesce(nullif(y.typbasetype, 0), y.oid) in ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype))
  and not c.relispartition
order by 1;
