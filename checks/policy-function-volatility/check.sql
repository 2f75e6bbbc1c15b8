-- title: A policy calls an IMMUTABLE function that reads a setting
-- class: context
-- severity: critical
-- why: An IMMUTABLE function without arguments is evaluated when the statement is planned. A prepared statement on a
--   pooled connection keeps the organization it was first planned for, and returns that one's rows to the next.
--   A function that reads a setting is STABLE.
-- source: https://www.postgresql.org/docs/current/xfunc-volatility.html
-- needs: functions
with recursive tenant as (
    select t.oid::oid as oid
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
),
called as (
    select p.oid as policy, p.polrelid, p.polname, d.refobjid as function
    from pg_catalog.pg_policy p
    join tenant on tenant.oid = p.polrelid
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass
                               and d.objid = p.oid
                               and d.refclassid = 'pg_catalog.pg_proc'::regclass
),
reading as (
    select distinct called.function
    from called
    join pg_catalog.pg_proc f on f.oid = called.function
    where f.provolatile = 'i'
      and f.prokind = 'f'
      and pg_get_functiondef(f.oid) ~* '\mcurrent_setting\s*\('
)
select r.function::regprocedure::text as object,
       format('function %s is IMMUTABLE but reads a setting; %s on %s keeps the value of the connection''s first tenant in prepared statements',
              r.function::regprocedure,
              case when count(*) = 1 then 'the policy' else 'the policies' end,
              string_agg(distinct c.polrelid::regclass::text, ', ')) as detail,
       format('alter function %s stable;', r.function::regprocedure) as fix,
       array[quote_ident(current_setting('tenantctl.app_role')), 'a prepared statement on ' || min(c.polrelid::regclass::text),
             format('%s, evaluated when it was planned', r.function::regprocedure), 'rows of the connection''s first tenant'] as path,
       format('SELECT provolatile, pg_get_functiondef(oid) FROM pg_catalog.pg_proc WHERE oid = %L::regprocedure;', r.function::regprocedure) as evidence
from reading r
join called c using (function)
group by r.function
order by 1;
