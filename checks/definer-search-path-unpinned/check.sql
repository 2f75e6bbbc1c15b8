-- title: A SECURITY DEFINER function without a pinned search_path
-- class: function
-- severity: low
-- why: A SECURITY DEFINER function runs with its owner's rights but, unless it pins search_path, looks names up on
--   its caller's path. Temporary tables come first on every path that does not name pg_temp last, so the caller
--   decides which table an unqualified name means.
-- no-path: either the application's role may not call the function, or it has no way to put objects of its own in
--   front of those that the function names.
-- source: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
-- needs: functions
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
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
unpinned as (
    select p.oid, p.proname, n.nspname, p.pronamespace, p.prokind, p.proowner, p.prosrc, path.setting
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    left join lateral (select btrim(substr(s.entry, 13)) as setting
                       from unnest(p.proconfig) as s (entry)
                       where s.entry like 'search\_path=%') as path on true
    where p.prosecdef
      and p.prokind in ('f', 'p')
      -- A body in SQL standard form was resolved when the function was created.
      and p.prosqlbody is null
      and n.nspname not in ('pg_catalog', 'information_schema')
      and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      and (path.setting is null or path.setting !~ '(^|,)\s*"?pg_temp"?$')
),
-- Tables that the body names without a schema, which is what can be replaced.
names_bare as (
    select distinct u.oid
    from unpinned u
    cross join lateral regexp_matches(u.prosrc, '\m(?:from|join|into|update|using)\s+(?:only\s+)?("[^"]+"|[[:alpha:]_][[:alnum:]_$]*)(?![[:alnum:]_$]|\s*[.(])', 'gi') as m (word)
    join pg_catalog.pg_class c on c.relname = case when m.word[1] like '"%' then btrim(m.word[1], '"') else lower(m.word[1]) end
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
),
-- What the application can put in their place: a temporary table, or anything in a schema it puts on its path.
means as (
    select has_database_privilege(app.oid, current_database(), 'TEMP') as temp,
           exists (select from pg_catalog.pg_namespace n
                   where n.nspname !~ '^pg_' and has_schema_privilege(app.oid, n.oid, 'CREATE')) as create_somewhere
    from app
),
judged as (
    select u.*,
           coalesce(has_function_privilege(app.oid, u.oid, 'EXECUTE')
                    and has_schema_privilege(app.oid, u.pronamespace, 'USAGE')
                    and u.proowner <> app.oid
                    and exists (select from powerful where powerful.oid = u.proowner)
                    and ((means.temp and exists (select from names_bare b where b.oid = u.oid))
                         or (means.create_somewhere and u.setting is null)), false) as open
    from unpinned u
    left join app on true
    left join means on true
)
select j.oid::regprocedure::text as object,
       format('%s %s runs with the rights of %s and %s%s', case j.prokind when 'p' then 'procedure' else 'function' end,
              j.oid::regprocedure, j.proowner::regrole,
              coalesce('its search_path (' || j.setting || ') does not end with pg_temp', 'looks names up on its caller''s search_path'),
              case when j.open then ', so the application can put its own objects in place of those that it names' else '' end) as detail,
       format('alter %s %s set search_path = %s, pg_temp;', case j.prokind when 'p' then 'procedure' else 'function' end,
              j.oid::regprocedure, coalesce(nullif(j.setting, '""'), format('pg_catalog, %I', j.nspname))) as fix,
       case when j.open then 'high' else 'low' end as severity,
       case when j.open
            then array[quote_ident(current_setting('tenantctl.app_role')), format('EXECUTE on %s', j.oid::regprocedure),
                       'objects of its own in place of those that it names', format('as its owner %s', j.proowner::regrole)] end as path,
       format('SELECT proconfig FROM pg_catalog.pg_proc WHERE oid = %L::regprocedure;  -- no search_path that ends with pg_temp', j.oid::regprocedure) as evidence
from judged j
order by 1;
