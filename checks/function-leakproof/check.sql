-- title: A function is marked LEAKPROOF
-- class: function
-- severity: low
-- why: LEAKPROOF tells the planner that a function reveals nothing about its arguments, so it may run before a
--   policy's own condition has sorted out the rows. A function that raises an error with the value in it, or
--   writes it anywhere, then sees every tenant's rows. A cheap one is run first.
-- no-path: the application's role may not call the function.
-- source: https://www.postgresql.org/docs/current/sql-createfunction.html
-- needs: functions
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
marked as (
    select p.oid, p.procost,
           coalesce((select has_function_privilege(app.oid, p.oid, 'EXECUTE')
                            and has_schema_privilege(app.oid, p.pronamespace, 'USAGE') from app), false) as callable
    from pg_catalog.pg_proc p
    where p.proleakproof
      and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      and p.pronargs > 0
      and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
)
select m.oid::regprocedure::text as object,
       format('function %s is LEAKPROOF%s', m.oid::regprocedure,
              case
                  -- The planner runs a leakproof condition first when it costs less than ten operators.
                  when m.callable and m.procost < 10 then ' and cheap, so the planner runs it on every tenant''s rows before their policy'
                  when m.callable then ', so the planner may run it on rows that a policy would hide'
                  else '; the application may not call it'
              end) as detail,
       format('alter function %s not leakproof;', m.oid::regprocedure) as fix,
       case when m.callable and m.procost < 10 then 'critical' when m.callable then 'medium' else 'low' end as severity,
       case when m.callable
            then array[quote_ident(current_setting('tenantctl.app_role')), format('EXECUTE on %s', m.oid::regprocedure),
                       'in the WHERE of a query, before the policy', 'rows of every tenant'] end as path,
       format('SELECT proleakproof, procost FROM pg_catalog.pg_proc WHERE oid = %L::regprocedure;', m.oid::regprocedure) as evidence
from marked m
order by 1;
