-- title: A policy reads another setting than the context
-- class: policy
-- severity: critical
-- why: The application sets one context from the session; a policy that compares the key with a different setting is
--   governed by whoever sets that one, a request header for instance. It looks like the others and isolates nothing.
-- source: https://www.postgresql.org/docs/current/sql-createpolicy.html
-- engine: predicate
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
-- A setting's name as pg_get_expr prints it: current_setting('app.tenant_id'::text, true).
reading as (
    select p.polrelid, p.polname, lower(m.word[1]) as setting
    from pg_catalog.pg_policy p
    cross join lateral regexp_matches(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
                                      'current_setting\(''([^'']*)''', 'g') as m (word)
    where p.polpermissive
      and exists (select from unnest(p.polroles) as u (role_oid)
                  where u.role_oid = 0 or exists (select from app where pg_has_role(app.oid, u.role_oid, 'USAGE')))
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('%s of %I.%I depends on %s instead of on %s', string_agg(distinct format('policy %I', r.polname), ', '), n.nspname, c.relname,
              string_agg(distinct r.setting, ', '), current_setting('tenantctl.context')) as detail,
       null::text as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join reading r on r.polrelid = c.oid
where c.relrowsecurity
  and r.setting <> lower(current_setting('tenantctl.context'))
  -- Beside the context another setting only narrows, as a rule; the proof knows.
  and not exists (select from reading o
                  where o.polrelid = r.polrelid and o.polname = r.polname
                    and o.setting = lower(current_setting('tenantctl.context')))
group by n.nspname, c.relname
order by 1;
