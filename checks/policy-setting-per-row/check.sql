-- title: A policy reads the setting again for each row
-- class: none
-- severity: info
-- why: current_setting() in a policy is evaluated for every row that is not fetched by an index on the key. Wrapped
--   in a scalar sub-select, (select ...), it is evaluated once for the statement.
-- mend: write (select nullif(current_setting('app.current_organization_id', true), '')::uuid). Not on Citus or
--   CockroachDB, which refuse sub-selects in policies.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- engine: predicate
with tenant as (
    select c.oid, n.nspname, c.relname
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
),
expression as (
    -- Take out every sub-select that reads no table, ( SELECT ... AS name), and see whether a call remains.
    select p.polrelid, p.polname,
           regexp_replace(pg_get_expr(p.polqual, p.polrelid),
                          '\( SELECT ((?!\mFROM\M|\mWHERE\M|\( SELECT).)*? AS ("([^"]|"")*"|\w+)\)', '', 'g') as text
    from pg_catalog.pg_policy p
    where p.polqual is not null
)
select format('%I.%I', tenant.nspname, tenant.relname) as object,
       format('%s of %I.%I calls current_setting() for each row instead of once for the statement',
              string_agg(format('policy %I', e.polname), ', ' order by e.polname), tenant.nspname, tenant.relname) as detail,
       null::text as fix
from tenant
join expression e on e.polrelid = tenant.oid
where strpos(e.text, 'current_setting(') > 0
group by tenant.oid, tenant.nspname, tenant.relname
order by 1;
