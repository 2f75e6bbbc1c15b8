-- title: A function leaves the context at another organization
-- class: context
-- severity: high
-- why: A SECURITY DEFINER function that sets the context to the organization of a row it looked up, works under it and
--   does not set it back hands the rest of the caller's transaction to that organization: the next statement of the
--   application reads and writes its rows.
-- mend: put the value of before back on every way out, or declare the function with SET <context> = '' so that
--   PostgreSQL restores it; best, do not touch the context and filter by the row's organization instead.
-- source: https://www.postgresql.org/docs/current/sql-createfunction.html
-- engine: paths
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
)
select p.oid::regprocedure::text as object,
       format('%s sets %s; see whether it reads under it, and whether it sets it back', p.oid::regprocedure, current_setting('tenantctl.context')) as detail,
       null::text as fix
from pg_catalog.pg_proc p
cross join app
where p.prosecdef
  and p.prokind in ('f', 'p')
  and has_function_privilege(app.oid, p.oid, 'EXECUTE')
  and strpos(lower(p.prosrc), 'set_config') > 0
  and strpos(lower(p.prosrc), lower(current_setting('tenantctl.context'))) > 0
  and not exists (select from unnest(p.proconfig) as c (entry)
                  where split_part(lower(c.entry), '=', 1) = lower(current_setting('tenantctl.context')))
order by 1;
