-- title: A tenant table keeps its content in large objects
-- class: surface
-- severity: low
-- why: Large objects live in pg_largeobject, which has no row-level security: lo_get() asks for privileges on the
--   object alone, and every role may list their ids. A table that keeps an oid in a protected row keeps the
--   content itself unprotected from the role that owns the objects.
-- mend: keep the content in a bytea column, or in large objects of one role per tenant.
-- no-path: today the application's role may open no large object; that depends on who makes the next one.
-- source: https://www.postgresql.org/docs/current/lo-implementation.html
-- tables: holding oids
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
-- Roles whose large objects the application may read or write.
openers as (
    select o.lomowner
    from (select distinct m.lomowner from pg_catalog.pg_largeobject_metadata m) as o
    cross join app
    where pg_has_role(app.oid, o.lomowner, 'USAGE')
),
open_object as (
    select 1
    from pg_catalog.pg_largeobject_metadata m
    cross join app
    where m.lomowner in (select lomowner from openers)
       or exists (select from aclexplode(m.lomacl) as a where a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))
    limit 1
),
means as (
    select exists (select from open_object) or current_setting('lo_compat_privileges')::boolean as open
)
select format('%I.%I', n.nspname, c.relname) as object,
       case
           when means.open then format('%I of %I.%I holds large objects, and role %s may open large objects whatever row they belong to, because policies do not apply to them',
                                       string_agg(a.attname, ', ' order by a.attnum), n.nspname, c.relname, coalesce((select quote_ident(rolname) from app), 'of the application'))
           else format('%I of %I.%I can hold large objects, to which policies do not apply', string_agg(a.attname, ', ' order by a.attnum), n.nspname, c.relname)
       end as detail,
       null::text as fix,
       case when means.open then 'critical' else 'low' end as severity,
       case when means.open
            then array[quote_ident(current_setting('tenantctl.app_role')), 'lo_get() with any oid of pg_largeobject_metadata',
                       format('content that rows of %I.%I refer to, whosever they are', n.nspname, c.relname)] end as path,
       format('BEGIN; %sSELECT oid, lomowner::regrole, lomacl FROM pg_catalog.pg_largeobject_metadata LIMIT 10; ROLLBACK;',
              coalesce((select format('SET LOCAL ROLE %I; ', app.rolname) from app), '')) as evidence
from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type y on y.oid = a.atttypid
cross join means
where 'oid'::regtype in (y.oid, y.typbasetype)
group by c.oid, n.nspname, c.relname, means.open
order by 1;
