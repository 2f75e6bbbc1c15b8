-- title: The application's role may become one that bypasses isolation
-- class: role
-- severity: critical
-- why: BYPASSRLS and SUPERUSER are not inherited, but SET ROLE reaches them through any chain of memberships, and
--   ADMIN OPTION lets a role grant itself the membership it lacks. Of the predefined roles, those for server files
--   and programs lead to superuser, and pg_read_all_data opens pg_statistic with every tenant's sample values.
-- mend: revoke the first membership of the chain from the application's role.
-- source: https://www.postgresql.org/docs/current/role-membership.html
-- engine: paths
with recursive app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
-- Before PostgreSQL 16 a membership has no options of its own: it may always be SET, and whether it is
-- inherited is a property of the member.
edge as (
    select m.member, m.roleid,
           coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) or m.admin_option as may_set,
           coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit) as inherits
    from pg_catalog.pg_auth_members m
    join pg_catalog.pg_roles r on r.oid = m.member
),
reach as (
    select edge.roleid as oid, edge.may_set, edge.inherits
    from edge
    join app on app.oid = edge.member
    where edge.may_set or edge.inherits
    union
    select edge.roleid, reach.may_set and edge.may_set, (reach.inherits or reach.may_set) and edge.inherits
    from reach
    join edge on edge.member = reach.oid
    where (reach.may_set and edge.may_set) or ((reach.inherits or reach.may_set) and edge.inherits)
),
reached as (
    select reach.oid, bool_or(reach.may_set) as may_set
    from reach
    group by reach.oid
)
select r.rolname as object,
       case
           when r.rolsuper then format('role %I may SET ROLE to %I, a superuser, to which no policy applies', app.rolname, r.rolname)
           when r.rolbypassrls then format('role %I may SET ROLE to %I, which has BYPASSRLS', app.rolname, r.rolname)
           when r.rolreplication then format('role %I may SET ROLE to %I, which has REPLICATION and may copy every tenant''s rows', app.rolname, r.rolname)
           when r.rolname = 'pg_read_all_data' then format('role %I has the rights of pg_read_all_data, which reads pg_statistic with every tenant''s sample values', app.rolname)
           else format('role %I has the rights of %I, which lead to the server''s files and from there to superuser', app.rolname, r.rolname)
       end as detail,
       (select format('revoke %I from %I;', r.rolname, app.rolname)
        from pg_catalog.pg_auth_members m
        where m.member = app.oid and m.roleid = r.oid
        limit 1) as fix,
       case when r.rolname = 'pg_read_all_data' then 'high' else 'critical' end as severity
from reached
join pg_catalog.pg_roles r on r.oid = reached.oid
cross join app
where (reached.may_set and (r.rolsuper or r.rolbypassrls or r.rolreplication))
   or r.rolname in ('pg_read_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
order by 1;
