-- title: The application may replace a function that policies ask
-- class: role
-- severity: critical
-- why: A policy says what its functions say. Whoever owns a function, or may act as its owner, can replace its body by
--   one that returns true, or alter it; the policy is then as open as that.
-- mend: give the function to a role that the application's role is no member of, or revoke the membership.
-- source: https://www.postgresql.org/docs/current/sql-createfunction.html
-- engine: paths
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
)
select distinct p.oid::regprocedure::text as object,
       format('%s decides in policy %I on %s and is owned by %s', p.oid::regprocedure, pol.polname, pol.polrelid::regclass, p.proowner::regrole) as detail,
       null::text as fix
from pg_catalog.pg_policy pol
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = pol.oid and d.refclassid = 'pg_catalog.pg_proc'::regclass
join pg_catalog.pg_proc p on p.oid = d.refobjid
cross join app
where pg_has_role(app.oid, p.proowner, 'MEMBER')
order by 1;
