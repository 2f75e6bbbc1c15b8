-- title: The application's role owns the schema or the database of tenant tables
-- class: role
-- severity: critical
-- why: The owner of a schema may drop any table in it, whoever owns the table, and put another in its place.
--   The owner of a database may drop the database, and is a member of pg_database_owner, which owns schema
--   public since PostgreSQL 15.
-- mend: give schema and database to the role that runs migrations (alter schema ... owner to ...;
--   alter database ... owner to ...) and grant the application USAGE and CONNECT.
-- source: https://www.postgresql.org/docs/current/predefined-roles.html
-- needs: owner or member
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
-- Privileges of an owner come with membership too: pg_database_owner has the database's owner as its member.
owned_schema as (
    select n.nspname, n.nspowner
    from (select distinct c.relnamespace
          from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
          join pg_catalog.pg_class c on c.oid = t.oid) as used
    join pg_catalog.pg_namespace n on n.oid = used.relnamespace
    cross join app
    where pg_has_role(app.oid, n.nspowner, 'MEMBER')
),
owned_database as (
    select d.datname, d.datdba
    from pg_catalog.pg_database d
    cross join app
    where d.datname = current_database()
      and pg_has_role(app.oid, d.datdba, 'MEMBER')
)
select app.rolname as object,
       case
           when (select count(*) from owned_schema) > 0
               then format('role %I has the rights of the owner of schema %s, so it can drop or replace every tenant table there',
                           app.rolname, (select string_agg(format('%I', s.nspname), ', ' order by s.nspname) from owned_schema s))
           else format('role %I has the rights of the owner of database %s, so it can drop it with every tenant''s rows',
                       app.rolname, (select string_agg(format('%I', d.datname), ', ' order by d.datname) from owned_database d))
       end as detail,
       null::text as fix,
       case when (select count(*) from owned_schema) > 0 then 'critical' else 'high' end as severity,
       array[quote_ident(app.rolname),
             case when coalesce(s.nspowner, d.datdba) <> app.oid then format('member of %s', coalesce(s.nspowner, d.datdba)::regrole) end,
             case when s.nspname is null then format('owner of database %I', d.datname) else format('owner of schema %I', s.nspname) end,
             case when s.nspname is null then 'DROP DATABASE' else 'DROP TABLE of any table in it' end] as path,
       case when s.nspname is null
            then format('SELECT pg_has_role(%L, datdba, ''MEMBER'') FROM pg_catalog.pg_database WHERE datname = %L;', app.rolname, d.datname)
            else format('SELECT pg_has_role(%L, nspowner, ''MEMBER'') FROM pg_catalog.pg_namespace WHERE nspname = %L;', app.rolname, s.nspname)
       end as evidence
from app
left join lateral (select o.nspname, o.nspowner from owned_schema o order by o.nspname limit 1) as s on true
left join owned_database d on true
where s.nspname is not null
   or d.datname is not null
order by 1;
