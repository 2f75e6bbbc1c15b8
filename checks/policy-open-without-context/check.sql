-- title: A policy opens when no context is set
-- class: policy
-- severity: critical
-- why: A setting that was never set is NULL, and after SET LOCAL or a pooler's reset it is the empty string. A policy
--   that takes either to mean "no filter", or puts a default organization in its place, opens for every connection
--   that forgot the context.
-- mend: compare with nullif(current_setting('app.current_organization_id', true), '')::uuid, which is NULL in both
--   cases and matches no row; let background jobs use a role of their own.
-- source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
-- engine: predicate
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
policy as (
    select p.polrelid, p.polname, pg_get_expr(p.polqual, p.polrelid) as using_text
    from pg_catalog.pg_policy p
    where p.polpermissive
      and p.polqual is not null
      and exists (select from unnest(p.polroles) as u (role_oid)
                  where u.role_oid = 0 or exists (select from app where pg_has_role(app.oid, u.role_oid, 'USAGE')))
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('%s of %I.%I tests whether %s is missing and lets rows through when it is',
              string_agg(format('policy %I', p.polname), ', ' order by p.polname), n.nspname, c.relname, current_setting('tenantctl.context')) as detail,
       null::text as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join policy p on p.polrelid = c.oid
where c.relrowsecurity
  -- current_setting(...) IS NULL, current_setting(...) = '', COALESCE(current_setting(...), ...), the last of which
  -- PostgreSQL prints in capitals.
  and (p.using_text ~ 'current_setting\([^)]*\)(, ''''::text\))?\)* IS NULL'
       or p.using_text ~ 'current_setting\([^)]*\)\)* = '''''
       or p.using_text ~ 'COALESCE\((NULLIF\()?\(*current_setting\(')
group by n.nspname, c.relname
order by 1;
