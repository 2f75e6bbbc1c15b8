-- title: An upsert through a view takes over another tenant's row
-- class: view
-- severity: high
-- why: INSERT ... ON CONFLICT DO UPDATE through an updatable view finds the row that is there by a unique index of the
--   table. Neither the view's WHERE nor its check option is asked of that row, only of what becomes of it, and where
--   no policy binds the view's owner nothing else is: the row of another tenant is changed and returned.
-- mend: do not grant both INSERT and UPDATE; or leave the tenant key out of the view, give it a default from the
--   context and put it into every unique constraint; or make the view security_invoker.
-- source: https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT
-- engine: predicate
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
)
select format('%I.%I', n.nspname, v.relname) as object,
       'it takes INSERT and UPDATE and writes as ' || v.relowner::regrole as detail,
       null::text as fix
from pg_catalog.pg_class v
join pg_catalog.pg_namespace n on n.oid = v.relnamespace
cross join app
where v.relkind = 'v'
  and pg_relation_is_updatable(v.oid, false) & 12 = 12
  and has_any_column_privilege(app.oid, v.oid, 'INSERT')
  and has_any_column_privilege(app.oid, v.oid, 'UPDATE')
  and not exists (select from unnest(v.reloptions) as o (entry) where o.entry ~ '^security_invoker=(true|on|yes|1)$')
  and n.nspname not in ('pg_catalog', 'information_schema')
order by 1;
