-- title: A SECURITY DEFINER function finds rows by a secret
-- class: function
-- severity: low
-- why: A function that runs past the policies and finds a row by a unique token, hash or other secret that its caller
--   passes shows the row to whoever learned that value: an invitation, a preview link, an API key. That is what such
--   functions are for, and as safe as the secret: it must be random, long, kept from logs, and it should expire.
-- mend: make the value random and long (gen_random_uuid() or gen_random_bytes(16) at least), store its hash, let it
--   expire, and do not let the application list the values.
-- source: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
-- engine: paths
with app as (
    select r.oid
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
),
secret as (
    select c.oid, a.attname
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where a.attname ~* 'token|secret|hash|digest|nonce|signature|api_?key|password'
)
select p.oid::regprocedure::text as object,
       format('%s runs as %s and names %s', p.oid::regprocedure, p.proowner::regrole, string_agg(s.oid::regclass || '.' || s.attname, ', ')) as detail,
       null::text as fix
from pg_catalog.pg_proc p
join secret s on p.prosrc ~* ('\m' || s.attname || '\M')
cross join app
where p.prosecdef
  and has_function_privilege(app.oid, p.oid, 'EXECUTE')
group by p.oid, p.proowner
order by 1;
