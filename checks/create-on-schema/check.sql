-- title: The application's role may create objects in a schema
-- class: privilege
-- severity: low
-- why: A role that may create tables and functions next to the real ones can stand in for them wherever a name
--   is looked up through a search_path. In a SECURITY DEFINER function whose path names that schema, its code
--   runs with the rights of the function's owner.
-- mend: revoke CREATE from the role, or from PUBLIC (the default for schema public before PostgreSQL 15 and
--   in clusters upgraded from there); others may rely on PUBLIC's right, so look first.
-- source: https://www.postgresql.org/docs/current/ddl-schemas.html
-- needs: create on a schema granted
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
creatable as (
    select n.oid, n.nspname, n.nspacl
    from pg_catalog.pg_namespace n
    cross join app
    where n.nspname !~ '^pg_'
      and n.nspname <> 'information_schema'
      and has_schema_privilege(app.oid, n.oid, 'CREATE')
      -- Its owner needs no grant: app-role-owns-schema-or-database tells of those that matter.
      and not pg_has_role(app.oid, n.nspowner, 'USAGE')
),
powerful as (
    select c.relowner as oid
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    union
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolsuper or r.rolbypassrls
),
-- Callable functions that look names up there as somebody more powerful. A function with a body in SQL
-- standard form (prosqlbody) was resolved when it was created and looks nothing up.
hijacked as (
    select creatable.oid, min(p.oid::regprocedure::text) as function
    from creatable
    cross join app
    join pg_catalog.pg_proc p on p.prosecdef
    join powerful on powerful.oid = p.proowner
    cross join unnest(p.proconfig) as s (setting)
    cross join unnest(string_to_array(regexp_replace(s.setting, '^search_path=', ''), ',')) as path (entry)
    where s.setting like 'search\_path=%'
      and btrim(path.entry, ' "') = creatable.nspname
      and p.prosqlbody is null
      and p.proowner <> app.oid
      and has_function_privilege(app.oid, p.oid, 'EXECUTE')
    group by creatable.oid
)
select format('%I', creatable.nspname) as object,
       case
           when hijacked.oid is not null
               then format('role %I may create objects in schema %I, which %s searches with its owner''s rights: what the role plants there runs as that owner',
                           app.rolname, creatable.nspname, hijacked.function)
           else format('role %I may create objects in schema %I and so shadow names that others look up there',
                       app.rolname, creatable.nspname)
       end as detail,
       (select string_agg(format('revoke create on schema %I from %s;', creatable.nspname,
                                 case when a.grantee = 0 then 'public' else a.grantee::regrole::text end),
                          ' ' order by a.grantee)
        from aclexplode(creatable.nspacl) as a
        where a.privilege_type = 'CREATE'
          and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))) as fix,
       case when hijacked.oid is not null then 'critical' else 'low' end as severity,
       array[quote_ident(app.rolname), 'member of ' || nullif(via.grantee, 0)::regrole::text, format('CREATE on schema %I', creatable.nspname),
             coalesce('an object in place of one that ' || hijacked.function || ' means', 'an object in place of one that others mean'),
             'as ' || (select p.proowner::regrole::text from pg_catalog.pg_proc p where p.oid::regprocedure::text = hijacked.function)] as path,
       format('BEGIN; SET LOCAL ROLE %I; CREATE TABLE %I.tenantctl_evidence (); ROLLBACK;', app.rolname, creatable.nspname) as evidence
from creatable
cross join app
left join hijacked on hijacked.oid = creatable.oid
left join lateral (select nullif(a.grantee, app.oid) as grantee
                   from aclexplode(creatable.nspacl) as a
                   where a.privilege_type = 'CREATE'
                     and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))
                   order by a.grantee <> app.oid, a.grantee
                   limit 1) as via on true
order by 1;
