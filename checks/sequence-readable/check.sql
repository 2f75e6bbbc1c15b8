-- title: A sequence of a tenant table is readable
-- class: oracle
-- severity: medium
-- why: Tenants draw numbers from the same sequence, and SELECT on it shows last_value: less one's own rows that is
--   how much business the others do, watched from day to day. USAGE is enough to insert.
-- source: https://www.postgresql.org/docs/current/ddl-priv.html
-- needs: sequences
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select t.oid::oid as oid
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
),
feeding as (
    -- serial and identity columns own their sequence
    select d.objid as seq, d.refobjid as table_oid
    from pg_catalog.pg_depend d
    join tenant on tenant.oid = d.refobjid
    where d.classid = 'pg_catalog.pg_class'::regclass
      and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.deptype in ('a', 'i')
    union
    -- a default that calls nextval() depends on its sequence
    select d.refobjid, a.adrelid
    from pg_catalog.pg_attrdef a
    join tenant on tenant.oid = a.adrelid
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass
                               and d.objid = a.oid
                               and d.refclassid = 'pg_catalog.pg_class'::regclass
)
select format('%I.%I', n.nspname, s.relname) as object,
       format('role %I may read sequence %I.%I, whose last_value counts the rows that all tenants put into %s',
              app.rolname, n.nspname, s.relname, string_agg(distinct f.table_oid::regclass::text, ', ')) as detail,
       (select string_agg(format('revoke select on sequence %I.%I from %s;', n.nspname, s.relname,
                                 case when a.grantee = 0 then 'public' else a.grantee::regrole::text end),
                          ' ' order by a.grantee)
        from aclexplode(s.relacl) as a
        where a.privilege_type = 'SELECT'
          and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))) as fix,
       array[quote_ident(app.rolname),
             'member of ' || nullif((select a.grantee
                                            from aclexplode(s.relacl) as a
                                            where a.privilege_type = 'SELECT'
                                              and (a.grantee = 0 or pg_has_role(app.oid, a.grantee, 'USAGE'))
                                            order by a.grantee <> app.oid, a.grantee
                                            limit 1), 0)::regrole::text,
             format('SELECT on %I.%I', n.nspname, s.relname), 'last_value, which every tenant moves on'] as path,
       format('BEGIN; SET LOCAL ROLE %I; SELECT last_value FROM %I.%I; ROLLBACK;', app.rolname, n.nspname, s.relname) as evidence
from feeding f
join pg_catalog.pg_class s on s.oid = f.seq and s.relkind = 'S'
join pg_catalog.pg_namespace n on n.oid = s.relnamespace
cross join app
where has_sequence_privilege(app.oid, s.oid, 'SELECT')
  and has_schema_privilege(app.oid, n.oid, 'USAGE')
  and not pg_has_role(app.oid, s.relowner, 'USAGE')
group by s.oid, s.relname, s.relacl, n.nspname, app.oid, app.rolname
order by 1;
