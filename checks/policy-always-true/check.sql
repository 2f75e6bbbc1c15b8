-- title: A policy admits every row
-- class: policy
-- severity: critical
-- why: Permissive policies are combined with OR. One that is simply true cancels every condition beside it, for the
--   commands and roles that it names; only a restrictive policy that applies to the same role still holds.
-- mend: write it TO the role that it was meant for, or drop it.
-- source: https://www.postgresql.org/docs/current/sql-createpolicy.html
-- engine: predicate
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
policy as (
    select p.polrelid, p.polname, p.polcmd, p.polpermissive,
           pg_get_expr(p.polqual, p.polrelid) as using_text,
           pg_get_expr(p.polwithcheck, p.polrelid) as check_text
    from pg_catalog.pg_policy p
    where exists (select from unnest(p.polroles) as u (role_oid)
                  where u.role_oid = 0 or exists (select from app where pg_has_role(app.oid, u.role_oid, 'USAGE')))
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('%s of %I.%I admits every row and, being permissive, cancels the tenant conditions beside it',
              string_agg(format('policy %I', p.polname), ', ' order by p.polname), n.nspname, c.relname) as detail,
       string_agg(format('drop policy %I on %I.%I;', p.polname, n.nspname, c.relname), ' ' order by p.polname) as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join policy p on p.polrelid = c.oid
where c.relrowsecurity
  and p.polpermissive
  and p.using_text = 'true'
  -- A restrictive policy that reads the context, itself or by a function, takes the width back; whether it is right is for the proof.
  and not exists (select from policy r
                  where r.polrelid = c.oid
                    and not r.polpermissive
                    and r.polcmd in ('*', p.polcmd)
                    and (strpos(coalesce(r.using_text, r.check_text), current_setting('tenantctl.context')) > 0
                         or coalesce(r.using_text, r.check_text) ~ '\w\(\)'))
group by n.nspname, c.relname
order by 1;
