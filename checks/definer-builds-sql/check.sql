-- title: A SECURITY DEFINER function pastes text into SQL
-- class: function
-- severity: high
-- why: EXECUTE with a concatenated string, or with format's %s, runs whatever the caller's argument closes the quote
--   for, with the rights of the function's owner. A filter by tenant in the same text is no protection.
-- mend: pass values with USING and names with format's %I.
-- source: https://www.postgresql.org/docs/current/plpgsql-statements.html#PLPGSQL-QUOTE-LITERAL-EXAMPLE
-- needs: functions
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
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
-- Each EXECUTE up to its semicolon, without comments.
statement as (
    select p.oid, p.prokind, p.proowner,
           m.text[1] as text,
           -- Without its string constants, and without the values that USING binds.
           regexp_replace(regexp_replace(regexp_replace(m.text[1], '''([^'']|'''')*''', '''''', 'g'),
                                         '\mquote_(literal|ident|nullable)\s*\([^()]*(\([^()]*\)[^()]*)*\)', '''''', 'gi'),
                          '\musing\M.*', '', 'i') as code
    from pg_catalog.pg_proc p
    join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
    cross join app
    cross join lateral regexp_matches(regexp_replace(p.prosrc, '--[^\n]*', '', 'g'), '\mexecute\M([^;]*)', 'gi') as m (text)
    where p.prosecdef
      and p.proowner in (select powerful.oid from powerful)
      and p.proowner <> app.oid
      and p.pronargs > 0
      and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      and has_function_privilege(app.oid, p.oid, 'EXECUTE')
      and has_schema_privilege(app.oid, p.pronamespace, 'USAGE')
)
select s.oid::regprocedure::text as object,
       format('%s %s runs as %s and builds SQL by pasting text together, so an argument can carry SQL of its own',
              case s.prokind when 'p' then 'procedure' else 'function' end, s.oid::regprocedure, s.proowner::regrole) as detail,
       null::text as fix,
       array[quote_ident(current_setting('tenantctl.app_role')), format('EXECUTE on %s', s.oid::regprocedure),
             format('as its owner %s', s.proowner::regrole), 'SQL of the caller''s own in an argument'] as path,
       format('SELECT pg_get_functiondef(%L::regprocedure);', s.oid::regprocedure) as evidence
from statement s
-- A variable beside ||, or %s in a format.
where s.code ~ '\|\|\s*[[:alpha:]_]|[[:alnum:]_)]\s*\|\|'
   or s.text ~* '\mformat\s*\((\s*''([^'']|'''')*'')*?\s*''([^'']|'''')*%(\d+\$)?s'
group by s.oid, s.prokind, s.proowner
order by 1;
