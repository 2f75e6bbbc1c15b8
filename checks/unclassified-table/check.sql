-- title: A table that the application reaches and nobody classified
-- class: coverage
-- severity: medium
-- why: Isolation covers the tables it was told of. A table without row-level security that the application may read or
--   write and that is neither a tenant table nor shared is where rows of all tenants meet: a child without the
--   key, a key under another name, an import, a history written by a trigger, another schema.
-- mend: name it in tenantctl.toml, under [tables] shared, [tables.key] or [tables.via], and run `tenantctl apply`.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- engine: paths
with recursive app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select t.oid::oid as oid from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
),
shared as (
    select t.oid::oid as oid from unnest(current_setting('tenantctl.shared_tables')::regclass[]) as t (oid)
),
-- Tables that foreign keys tie to a tenant, at any distance, but not by way of shared ones.
tied as (
    select tenant.oid from tenant
    union
    select k.conrelid
    from tied
    join pg_catalog.pg_constraint k on k.contype = 'f' and k.confrelid = tied.oid
    where k.conrelid not in (select shared.oid from shared)
),
reached as (
    select c.oid, n.nspname, c.relname, app.rolname,
           has_any_column_privilege(app.oid, c.oid, 'SELECT') as reads,
           has_any_column_privilege(app.oid, c.oid, 'INSERT, UPDATE') or has_table_privilege(app.oid, c.oid, 'DELETE') as writes
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join app
    where c.relkind in ('r', 'p')
      and not c.relrowsecurity
      and not c.relispartition
      and n.nspname !~ '^pg_'
      and n.nspname <> 'information_schema'
      and not exists (select from tenant where tenant.oid = c.oid)
      and not exists (select from shared where shared.oid = c.oid)
      and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
      and has_schema_privilege(app.oid, n.oid, 'USAGE')
      and (has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(app.oid, c.oid, 'DELETE'))
),
judged as (
    select r.*,
           exists (select from pg_catalog.pg_attribute a
                   where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
                     and lower(a.attname) = lower(current_setting('tenantctl.key'))) as has_key,
           exists (select from tied where tied.oid = r.oid) as is_tied,
           exists (select
                   from pg_catalog.pg_trigger g
                   join tenant on tenant.oid = g.tgrelid
                   join pg_catalog.pg_proc p on p.oid = g.tgfoid
                   where not g.tgisinternal
                     and p.prosrc ~* '\m(insert|update|merge)\M'
                     and p.prosrc ~* ('\m' || regexp_replace(r.relname, '\W', '\\\&', 'g') || '\M')) as fed_by_trigger
    from reached r
)
select format('%I.%I', j.nspname, j.relname) as object,
       format('role %I may %s %I.%I, which has no row-level security and is neither a tenant table nor shared%s', j.rolname,
              case when j.reads and j.writes then 'read and write' when j.reads then 'read' else 'write' end, j.nspname, j.relname,
              case when j.has_key then format('; it has a column %I', current_setting('tenantctl.key'))
                   when j.is_tied then '; a foreign key ties it to a tenant table'
                   when j.fed_by_trigger then '; a trigger on a tenant table fills it'
                   else '' end) as detail,
       null::text as fix,
       case when j.has_key or j.is_tied or j.fed_by_trigger then 'critical'
            -- What one tenant writes another reads.
            when j.reads and j.writes then 'medium'
            else 'low' end as severity
from judged j
order by 1;
