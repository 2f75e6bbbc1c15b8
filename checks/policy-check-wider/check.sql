-- title: What may be written is wider than what may be read
-- class: write
-- severity: high
-- why: WITH CHECK decides which rows may be written, and replaces USING for that. Where it does not pin the tenant,
--   a tenant writes rows into another's data: inserts them there, or moves its own across by changing the key.
-- mend: leave WITH CHECK out, and USING serves for both; or repeat the condition. For INSERT write it there.
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
       format('%s of %I.%I checks new rows without comparing their tenant with %s',
              string_agg(format('policy %I (%s)', p.polname, p.check_text), ', ' order by p.polname), n.nspname, c.relname, current_setting('tenantctl.context')) as detail,
       string_agg(case when p.using_text is not null and p.polcmd in ('*', 'w')
                       then format('alter policy %I on %I.%I with check (%s);', p.polname, n.nspname, c.relname, p.using_text) end,
                  ' ' order by p.polname) as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join policy p on p.polrelid = c.oid
where c.relrowsecurity
  and p.polpermissive
  and p.check_text is not null
  and strpos(p.check_text, current_setting('tenantctl.context')) = 0
  and p.check_text !~* '\mselect\M|\w\(\)'
  and p.check_text <> 'false'
  and not exists (select from policy r
                  where r.polrelid = c.oid
                    and not r.polpermissive
                    and r.polcmd in ('*', p.polcmd)
                    and (strpos(coalesce(r.check_text, r.using_text), current_setting('tenantctl.context')) > 0
                         or coalesce(r.check_text, r.using_text) ~ '\w\(\)'))
group by n.nspname, c.relname
order by 1;
