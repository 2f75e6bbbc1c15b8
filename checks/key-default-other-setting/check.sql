-- title: The tenant key defaults to another setting than the context
-- class: key
-- severity: low
-- why: A default for the key is applied when an insert leaves the key out. Where it reads another setting than the
--   context, the row goes to whichever organization that setting names; a policy refuses it, but a SECURITY DEFINER
--   function that inserts past the policies files it there.
-- no-path: the application's role may not insert there, and calls nothing that does.
-- source: https://www.postgresql.org/docs/current/ddl-default.html
-- tables: defaulted key
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
-- Printing an expression opens its table: only those of keys are.
strayed as materialized (
    select c.oid, n.nspname, c.relname, c.relowner, c.relforcerowsecurity, a.attname, pg_get_expr(d.adbin, d.adrelid) as text
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
                current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = t.key
    join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where not c.relispartition
),
judged as (
    select s.*,
           (select min(p.oid::regprocedure::text)
            from pg_catalog.pg_proc p
            join pg_catalog.pg_roles o on o.oid = p.proowner
            join app on has_function_privilege(app.oid, p.oid, 'EXECUTE')
            where p.prosecdef
              and (o.rolsuper or o.rolbypassrls or (p.proowner = s.relowner and not s.relforcerowsecurity))
              and p.prosrc ~* ('\minsert\s+into\s+("?\w+"?\s*\.\s*)?"?' || regexp_replace(s.relname, '\W', '\\\&', 'g') || '\M')) as inserting
    from strayed s
    where strpos(s.text, 'current_setting(') > 0
      and strpos(lower(s.text), lower('''' || current_setting('tenantctl.context') || '''')) = 0
)
select format('%I.%I', j.nspname, j.relname) as object,
       format('column %I of %I.%I defaults to %s, not to the context%s', j.attname, j.nspname, j.relname, j.text,
              coalesce(', and ' || j.inserting || ' inserts past the policies', '')) as detail,
       format('alter table %I.%I alter column %I drop default;', j.nspname, j.relname, j.attname) as fix,
       case when j.inserting is null then 'low' else 'high' end as severity,
       case
           when j.inserting is not null
               then array[quote_ident(current_setting('tenantctl.app_role')), format('EXECUTE on %s', j.inserting),
                          format('INSERT on %I.%I past its policies', j.nspname, j.relname), format('%I by its default', j.attname)]
           when (select has_any_column_privilege(app.oid, j.oid, 'INSERT') from app)
               then array[quote_ident(current_setting('tenantctl.app_role')), format('INSERT on %I.%I', j.nspname, j.relname), format('%I by its default', j.attname)]
       end as path,
       format('SELECT pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef WHERE adrelid = %L::regclass;', format('%I.%I', j.nspname, j.relname)) as evidence
from judged j
order by 1;
