-- title: Policies that do not apply to the application
-- class: policy
-- severity: info
-- why: A policy applies to the roles it is written TO and to those that inherit from them. A permissive one for
--   somebody else is that role's way in, worth knowing. A restrictive one for somebody else protects nothing here,
--   although the table looks guarded; and DROP OWNED BY could edit it away before 15.20 and 17.12.
-- mend: write restrictive policies TO PUBLIC.
-- source: https://www.postgresql.org/docs/current/sql-createpolicy.html
-- tables: policies for other roles
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
policy_role as (
    select r.role_oid, r.role_oid = 0 or pg_has_role(app.oid, r.role_oid, 'USAGE') as applies
    from (select distinct u.role_oid from pg_catalog.pg_policy p cross join unnest(p.polroles) as u (role_oid)) as r
    cross join app
),
elsewhere as (
    select p.polrelid, p.polname, p.polpermissive,
           string_agg(distinct u.role_oid::regrole::text, ', ') as roles
    from pg_catalog.pg_policy p
    cross join unnest(p.polroles) as u (role_oid)
    join policy_role r using (role_oid)
    group by p.oid, p.polrelid, p.polname, p.polpermissive
    having not bool_or(r.applies)
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('%s of %I.%I %s', string_agg(format('%s policy %I (to %s)', case when e.polpermissive then 'permissive' else 'restrictive' end, e.polname, e.roles),
                                           ', ' order by e.polpermissive, e.polname),
              n.nspname, c.relname,
              case when bool_and(e.polpermissive) then 'opens rows to others than the application'
                   else 'does not bind the application, so it guards nothing here' end) as detail,
       null::text as fix,
       case when bool_and(e.polpermissive) then 'info' else 'low' end as severity,
       array[quote_ident(current_setting('tenantctl.app_role')), format('any command on %I.%I', n.nspname, c.relname),
             format('policies that are not asked: %s', string_agg(quote_ident(e.polname), ', ' order by e.polname))] as path,
       format('SELECT policyname, permissive, roles, cmd FROM pg_catalog.pg_policies WHERE schemaname = %L AND tablename = %L;', n.nspname, c.relname) as evidence
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join elsewhere e on e.polrelid = c.oid
group by c.oid, n.nspname, c.relname
order by 1;
