-- title: A view lets rows of another tenant be written through it
-- class: view
-- severity: high
-- why: An updatable view writes with its owner's rights. Where no policy binds the owner, only the view's own WHERE
--   keeps tenants apart, and that is asked of new rows only WITH CHECK OPTION: INSERT through it can name any tenant,
--   and UPDATE can give a row away.
-- mend: ALTER VIEW ... SET (check_option = cascaded), or security_invoker on PostgreSQL 15 and later, or do not grant
--   INSERT and UPDATE on it.
-- source: https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS
-- engine: predicate
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
)
select format('%I.%I', n.nspname, v.relname) as object,
       'it can be written through, runs as ' || v.relowner::regrole || ', and has no check option' as detail,
       format('alter view %I.%I set (check_option = cascaded);', n.nspname, v.relname) as fix
from pg_catalog.pg_class v
join pg_catalog.pg_namespace n on n.oid = v.relnamespace
cross join app
where v.relkind = 'v'
  and pg_relation_is_updatable(v.oid, false) & 12 <> 0
  and has_any_column_privilege(app.oid, v.oid, 'INSERT, UPDATE')
  and not exists (select from unnest(v.reloptions) as o (entry) where o.entry ~ '^(check_option=|security_invoker=(true|on|yes|1)$)')
  and n.nspname not in ('pg_catalog', 'information_schema')
order by 1;
