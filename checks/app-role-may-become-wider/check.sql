-- title: The application's role may become one that sees more
-- class: role
-- severity: critical
-- why: After SET ROLE the session has the other role's privileges, and the policies that bind it are the other role's:
--   one written TO a support or reporting role lets its rows through, and a restrictive one TO the application's role
--   is no longer asked. NOINHERIT does not help, because it is SET ROLE that is open.
-- mend: revoke the membership, or write the guard TO PUBLIC and the wide policy for a login of its own.
-- source: https://www.postgresql.org/docs/current/sql-set-role.html
-- engine: paths
with recursive app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
      and not r.rolbypassrls
),
-- Before PostgreSQL 16 every membership may be SET.
edge as (
    select m.member, m.roleid
    from pg_catalog.pg_auth_members m
    where coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
       or m.admin_option
),
becomes as (
    select edge.roleid as oid
    from edge
    join app on app.oid = edge.member
    union
    select edge.roleid
    from becomes
    join edge on edge.member = becomes.oid
)
-- Which policies of tenant tables are for such a role and not for the login: what they say is the proof's to judge.
select quote_ident(r.rolname) as object,
       format('role %I may become %I, whose policies on tenant tables are not its own: %s', app.rolname, r.rolname,
              string_agg(distinct format('%I on %s', p.polname, p.polrelid::regclass), ', ')) as detail,
       format('revoke %I from %I;', r.rolname, app.rolname) as fix
from becomes
join pg_catalog.pg_roles r on r.oid = becomes.oid and not r.rolsuper and not r.rolbypassrls
cross join app
join pg_catalog.pg_policy p on p.polpermissive and r.oid = any (p.polroles)
join unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid) on t.oid = p.polrelid
where not app.oid = any (p.polroles)
group by r.rolname, app.rolname
order by 1;
