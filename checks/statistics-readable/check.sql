-- title: The application may read column statistics
-- class: surface
-- severity: high
-- why: pg_statistic holds the commonest values of every column, taken from all tenants' rows. The view pg_stats hides
--   those of tables whose policies bind the reader; pg_statistic itself, and views made on it by somebody who may
--   read it, do not.
-- source: https://www.postgresql.org/docs/current/catalog-pg-statistic.html
with recursive app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
source as (
    select c.oid
    from pg_catalog.pg_class c
    where c.oid in ('pg_catalog.pg_statistic'::regclass, 'pg_catalog.pg_statistic_ext_data'::regclass)
),
-- PostgreSQL's own views test what their reader may see, and their stored queries are long.
stored as materialized (
    select w.ev_class, w.ev_action::text as query
    from pg_catalog.pg_rewrite w
    join pg_catalog.pg_class v on v.oid = w.ev_class
    where v.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
),
-- Views and materialized views on them, and on those. PostgreSQL records no dependency on its own tables, so the
-- first step looks into the stored query.
reading as (
    select source.oid from source
    union
    select stored.ev_class
    from stored
    join source on strpos(stored.query, format(':relid %s ', source.oid)) > 0
    union
    select w.ev_class
    from reading
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass
                               and d.refobjid = reading.oid
                               and d.classid = 'pg_catalog.pg_rewrite'::regclass
    join pg_catalog.pg_rewrite w on w.oid = d.objid and w.ev_class <> reading.oid
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('role %I may read %I.%I, which shows sample values of every tenant''s columns', app.rolname, n.nspname, c.relname) as detail,
       (select string_agg(format('revoke select on %I.%I from %s;', n.nspname, c.relname,
                                 case when a.grantee = 0 then 'public' else a.grantee::regrole::text end),
                          ' ' order by a.grantee)
        from aclexplode(c.relacl) as a
        where a.privilege_type = 'SELECT'
          and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))) as fix,
       array[quote_ident(app.rolname), 'member of ' || nullif(via.grantee, 0)::regrole::text, format('SELECT on %I.%I', n.nspname, c.relname),
             'sampled values of every tenant''s columns'] as path,
       format('BEGIN; SET LOCAL ROLE %I; SELECT * FROM %I.%I LIMIT 10; ROLLBACK;', app.rolname, n.nspname, c.relname) as evidence
from reading
join pg_catalog.pg_class c on c.oid = reading.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join app
left join lateral (select nullif(a.grantee, app.oid) as grantee
                   from aclexplode(c.relacl) as a
                   where a.privilege_type = 'SELECT'
                     and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))
                   order by a.grantee <> app.oid, a.grantee
                   limit 1) as via on true
where has_any_column_privilege(app.oid, c.oid, 'SELECT')
  and has_schema_privilege(app.oid, n.oid, 'USAGE')
  -- A view that runs as its reader shows what the reader may see anyway.
  and not exists (select from unnest(c.reloptions) as o (entry) where o.entry ~* '^security_invoker=(true|on|yes|1)$')
  -- That right comes with pg_read_all_data for every table at once: app-role-may-become-bypasser.
  and not (reading.oid in (select source.oid from source)
           and exists (select from pg_catalog.pg_roles r where r.rolname = 'pg_read_all_data' and pg_has_role(app.oid, r.oid, 'USAGE')))
order by 1;
