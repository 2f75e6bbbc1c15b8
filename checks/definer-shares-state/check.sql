-- title: A function counts for all organizations in one row
-- class: oracle
-- severity: medium
-- why: A SECURITY DEFINER function that takes the next number from a row that all organizations share tells each of
--   them how much the others did between two of its calls: invoices written, tickets opened, files stored.
-- mend: keep a row for each organization and find it by the context; or hand out random numbers.
-- source: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
-- engine: paths
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
)
select p.oid::regprocedure::text as object,
       format('%s runs as %s and updates a row that it returns', p.oid::regprocedure, p.proowner::regrole) as detail,
       null::text as fix
from pg_catalog.pg_proc p
cross join app
where p.prosecdef
  and has_function_privilege(app.oid, p.oid, 'EXECUTE')
  and p.prosrc ~* '\mupdate\M.*\mreturning\M'
  and strpos(p.prosrc, current_setting('tenantctl.context')) = 0
  and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
order by 1;
