-- title: The application may read the server's files
-- class: privilege
-- severity: critical
-- why: Functions that read the server's files are kept from everybody but superusers until somebody grants EXECUTE on
--   them, to a monitoring role for instance. Tables are files too: whoever reads them reads every tenant's rows, and
--   pg_authid's password hashes.
-- mend: revoke EXECUTE from the role that has it, or the membership from the application's role.
-- source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-GENFILE
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
)
select format('pg_catalog.%s', p.oid::regprocedure) as object,
       format('%I may execute %s, which %s', app.rolname, p.oid::regprocedure,
              case when p.proname like 'lo\_%' then 'copies a file of the server into or out of a large object'
                   else 'reads any file of the server' end) as detail,
       format('revoke execute on function %s from %s;', p.oid::regprocedure, coalesce(holder.grantee, 'public')) as fix,
       array[quote_ident(app.rolname), format('EXECUTE on %s', p.oid::regprocedure), 'the files of every table'] as path,
       format('BEGIN; SET LOCAL ROLE %I; SELECT has_function_privilege(%L, ''EXECUTE''); ROLLBACK;', app.rolname, p.oid::regprocedure) as evidence
from pg_catalog.pg_proc p
cross join app
left join lateral (
    select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee
    from aclexplode(p.proacl) a
    where a.privilege_type = 'EXECUTE'
      and a.grantee <> p.proowner
      and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'MEMBER'))
    limit 1
) holder on true
where p.pronamespace = 'pg_catalog'::regnamespace
  and p.proname in ('pg_read_file', 'pg_read_binary_file', 'lo_import', 'lo_export')
  and has_function_privilege(app.oid, p.oid, 'EXECUTE')
  -- What the predefined role brings is said by its own check.
  and not pg_has_role(app.oid, 'pg_read_server_files', 'MEMBER')
order by 1;
