-- title: A partition or inheritance child is open by its own name
-- class: partition
-- severity: critical
-- why: Policies of a partitioned table apply to rows reached through it. Reached by its own name a partition obeys its
--   own flags and policies, and it is created with none; the same goes for a table made with INHERITS.
-- mend: revoke the application's privileges on the partition (it needs them on the parent only), or enable
--   row-level security on it, with the parent's policies if it is to be queried directly.
-- source: https://www.postgresql.org/docs/current/ddl-partitioning.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
child as (
    select c.oid, n.nspname, c.relname, c.relacl, n.oid as nsp_oid, min(i.inhparent::regclass::text) as parent
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_inherits i on i.inhrelid = t.oid
    join unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as parent (oid) on parent.oid = i.inhparent
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not c.relrowsecurity
    group by c.oid, n.nspname, c.relname, c.relacl, n.oid
)
select format('%I.%I', child.nspname, child.relname) as object,
       format('role %I may reach %I.%I, a child of %s, by its own name, where row-level security is off', app.rolname, child.nspname, child.relname, child.parent) as detail,
       format('alter table %I.%I enable row level security;', child.nspname, child.relname) as fix
from child
cross join app
where has_schema_privilege(app.oid, child.nsp_oid, 'USAGE')
  and (has_any_column_privilege(app.oid, child.oid, 'SELECT, INSERT, UPDATE')
       or has_table_privilege(app.oid, child.oid, 'DELETE'))
order by 1;
