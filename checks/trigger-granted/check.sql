-- title: TRIGGER granted on a tenant table
-- class: privilege
-- severity: high
-- why: A role with TRIGGER may attach its own function to the table. The function then runs with the rights
--   of whoever changes a row next: the migration role, an administrator, or a SECURITY DEFINER function that
--   the application itself may call, which turns the next step into an ordinary one.
-- source: https://www.postgresql.org/docs/current/ddl-priv.html
-- tables: trigger granted
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select c.oid, n.nspname, c.relname, c.relowner, c.relacl
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
),
foreign_owner as (
    select o.relowner
    from (select distinct tenant.relowner from tenant) as o
    cross join app
    where not pg_has_role(app.oid, o.relowner, 'USAGE')
),
granted as (
    select tenant.*, app.oid as app_oid, app.rolname
    from tenant
    join foreign_owner using (relowner)
    cross join app
    where has_table_privilege(app.oid, tenant.oid, 'TRIGGER')
),
-- A way to make somebody else write to the table on demand.
called_by_app as (
    select distinct granted.oid, p.oid::regprocedure::text as function
    from granted
    join pg_catalog.pg_proc p on p.prosecdef
                             and p.prosrc ~* ('\m' || regexp_replace(granted.relname, '\W', '\\\&', 'g') || '\M')
                             and p.prosrc ~* '\m(insert|update|delete|merge)\M'
    where p.proowner <> granted.app_oid
      and has_function_privilege(granted.app_oid, p.oid, 'EXECUTE')
)
select format('%I.%I', granted.nspname, granted.relname) as object,
       coalesce((select format('role %I may attach triggers to %I.%I, and calling %s runs them with the rights of that function''s owner',
                               granted.rolname, granted.nspname, granted.relname, min(c.function))
                 from called_by_app c
                 where c.oid = granted.oid
                 having count(*) > 0),
                format('role %I may attach triggers to %I.%I, which run with the rights of whoever writes to it next',
                       granted.rolname, granted.nspname, granted.relname)) as detail,
       (select string_agg(format('revoke trigger on table %I.%I from %s;', granted.nspname, granted.relname,
                                 case when a.grantee = 0 then 'public' else a.grantee::regrole::text end),
                          ' ' order by a.grantee)
        from aclexplode(granted.relacl) as a
        where a.privilege_type = 'TRIGGER'
          and (a.grantee = 0 or pg_has_role(granted.app_oid, a.grantee, 'USAGE'))) as fix,
       case when exists (select from called_by_app c where c.oid = granted.oid) then 'critical' else 'high' end as severity,
       array[quote_ident(granted.rolname), 'member of ' || nullif(via.grantee, 0)::regrole::text,
             format('TRIGGER on %I.%I', granted.nspname, granted.relname), 'a trigger function of its own',
             coalesce((select format('EXECUTE on %s, which writes there as its owner', min(c.function)) from called_by_app c where c.oid = granted.oid having count(*) > 0),
                      'as whoever writes there next')] as path,
       format('SELECT has_table_privilege(%L, %L, ''TRIGGER'');', granted.rolname, format('%I.%I', granted.nspname, granted.relname)) as evidence
from granted
left join lateral (select nullif(a.grantee, granted.app_oid) as grantee
                   from aclexplode(granted.relacl) as a
                   where a.privilege_type = 'TRIGGER'
                     and (a.grantee = 0 or pg_has_role(granted.app_oid, a.grantee, 'USAGE'))
                   order by a.grantee <> granted.app_oid, a.grantee
                   limit 1) as via on true
order by 1;
