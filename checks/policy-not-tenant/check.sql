-- title: A policy does not pin the tenant
-- class: policy
-- severity: critical
-- why: A policy isolates when its being true implies that the row's tenant key equals the context. One that tests
--   something else, or that can be satisfied in another way, shows rows of other tenants, and permissive policies are
--   combined with OR, so the widest decides.
-- mend: compare the bare key with the context: organization_id =
--   (select nullif(current_setting('app.current_organization_id', true), '')::uuid).
-- source: https://www.postgresql.org/docs/current/sql-createpolicy.html
-- engine: predicate
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
policy as (
    select p.polrelid, p.polname, p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid) as using_text
    from pg_catalog.pg_policy p
    where p.polqual is not null
      and exists (select from unnest(p.polroles) as u (role_oid)
                  where u.role_oid = 0 or exists (select from app where pg_has_role(app.oid, u.role_oid, 'USAGE')))
)
-- By hand: the text names neither the key nor the context. A policy that names both and combines them wrongly is
-- found by the proof only.
select format('%I.%I', n.nspname, c.relname) as object,
       format('policy %I of %I.%I (%s) does not compare %s with %s', p.polname, n.nspname, c.relname, p.using_text,
              coalesce(t.key, 'the parent'), current_setting('tenantctl.context')) as detail,
       null::text as fix
from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
            current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join policy p on p.polrelid = c.oid
where c.relrowsecurity
  and p.polpermissive
  and p.using_text not in ('true', 'false')
  and (strpos(p.using_text, coalesce(quote_ident(t.key), '')) = 0
       or not (strpos(p.using_text, current_setting('tenantctl.context')) > 0 or p.using_text ~ '\w\(\)'))
  and not exists (select from policy r
                  where r.polrelid = c.oid
                    and not r.polpermissive
                    and r.polcmd in ('*', p.polcmd)
                    and strpos(r.using_text, current_setting('tenantctl.context')) > 0)
  -- Through a parent the context may be tested there.
  and not (t.key is null and p.using_text ~* '\mselect\M')
order by 1;
