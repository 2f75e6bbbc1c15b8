-- title: The application's role may create roles
-- class: role
-- severity: critical
-- why: Before PostgreSQL 16 a role with CREATEROLE may grant any non-superuser role to anybody, so it makes
--   itself a member of the tables' owner or of a BYPASSRLS role. From 16 on it needs ADMIN OPTION on the
--   role it grants, and it has that on every role it created.
-- mend: take the attribute away, and revoke the memberships WITH ADMIN OPTION that came with it. Migrations
--   that create roles belong to another login.
-- source: https://www.postgresql.org/docs/current/role-attributes.html
-- needs: createrole
with recursive app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and r.rolcreaterole
      and not r.rolsuper
),
-- What it can grant itself from 16 on: roles it administers, and all that those are members of.
within_reach as (
    select m.roleid as oid, m.roleid as first
    from pg_catalog.pg_auth_members m
    join app on app.oid = m.member
    where m.admin_option
    union
    select m.roleid, within_reach.first
    from within_reach
    join pg_catalog.pg_auth_members m on m.member = within_reach.oid
),
dangerous as (
    select c.relowner as oid
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    union
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolbypassrls or r.rolsuper
),
verdict as (
    select current_setting('server_version_num')::int < 160000 as grants_any,
           exists (select from within_reach join dangerous using (oid)) as grants_dangerous
),
-- One role that it can grant itself, and the dangerous one that it is then a member of.
step as (
    select quote_ident(f.rolname) as granted, quote_ident(r.rolname) as becomes
    from within_reach w
    join dangerous using (oid)
    join pg_catalog.pg_roles r on r.oid = w.oid
    join pg_catalog.pg_roles f on f.oid = w.first
    union all
    select quote_ident(r.rolname), quote_ident(r.rolname)
    from pg_catalog.pg_roles r
    join dangerous using (oid)
    cross join verdict
    cross join app
    where verdict.grants_any
      and not r.rolsuper
      and r.oid <> app.oid
    order by 2, 1
    limit 1
)
select app.rolname as object,
       case
           when verdict.grants_any
               then format('role %I has CREATEROLE, which before PostgreSQL 16 lets it join the tables'' owner or any BYPASSRLS role', app.rolname)
           when verdict.grants_dangerous
               then format('role %I has CREATEROLE and ADMIN OPTION on a role that owns tenant tables or bypasses policies, so it can make itself a member', app.rolname)
           else format('role %I has CREATEROLE: it administers no role that reaches tenant rows today, but it can hand out logins', app.rolname)
       end as detail,
       format('alter role %I nocreaterole;', app.rolname) as fix,
       case when verdict.grants_any or verdict.grants_dangerous then 'critical' else 'medium' end as severity,
       array[quote_ident(app.rolname), 'CREATEROLE',
             coalesce('GRANT ' || step.granted || ' to itself', 'roles of its own making'),
             'as ' || step.becomes] as path,
       format('BEGIN; SET LOCAL ROLE %I; %s ROLLBACK;', app.rolname,
              coalesce('GRANT ' || step.granted || format(' TO %I;', app.rolname), 'CREATE ROLE tenantctl_evidence LOGIN;')) as evidence
from app
cross join verdict
left join step on true
order by 1;
