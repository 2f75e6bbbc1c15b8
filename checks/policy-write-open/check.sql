-- title: Another tenant's rows can be changed or deleted
-- class: write
-- severity: critical
-- why: UPDATE and DELETE have policies of their own. Where reading pins the tenant and they do not, a blind UPDATE or
--   DELETE, one that reads no column, reaches rows that its tenant cannot even see: SELECT policies are not asked.
-- mend: write one policy FOR ALL, or repeat the condition of reading in each policy FOR UPDATE and FOR DELETE.
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
       format('%s of %I.%I decides which rows may be changed, without the context',
              string_agg(format('policy %I', p.polname), ', ' order by p.polname), n.nspname, c.relname) as detail,
       string_agg(format('drop policy %I on %I.%I;', p.polname, n.nspname, c.relname), ' ' order by p.polname) as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join policy p on p.polrelid = c.oid
where c.relrowsecurity
  and p.polpermissive
  and p.polcmd in ('w', 'd')
  and strpos(p.using_text, current_setting('tenantctl.context')) = 0
  -- A restrictive policy that reads the context, itself or by a function, takes the width back; whether it is right is for the proof.
  and not exists (select from policy r
                  where r.polrelid = c.oid
                    and not r.polpermissive
                    and r.polcmd in ('*', p.polcmd)
                    and (strpos(coalesce(r.using_text, r.check_text), current_setting('tenantctl.context')) > 0
                         or coalesce(r.using_text, r.check_text) ~ '\w\(\)'))
group by n.nspname, c.relname
order by 1;
