-- title: A role that is let in and sees nothing
-- class: none
-- severity: info
-- why: A role that may read a table, and for which there is no permissive policy, gets no row and no error. The
--   table's owner is such a role once row-level security is forced: a backfill that it runs changes nothing and
--   reports success. So are groups for reports, and logins that were there before isolation was.
-- mend: decide for each: a policy TO that role, BYPASSRLS for one that has to see every tenant and that the application
--   cannot become, or a REVOKE where nobody uses it.
-- source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
-- needs: others let in
with tenant as (
    select c.oid, c.relowner, c.relforcerowsecurity, c.relacl, c.relnamespace,
           format('%I.%I', n.nspname, c.relname) as name
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relrowsecurity
),
-- Who holds a privilege on rows by itself, and is bound.
let_in as (
    select t.oid as relid, x.grantee as roleid
    from tenant t
    cross join aclexplode(t.relacl) as x
    where x.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
      and x.grantee <> 0
    union
    select t.oid, x.grantee
    from tenant t
    join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attacl is not null and not a.attisdropped
    cross join aclexplode(a.attacl) as x
    where x.privilege_type in ('SELECT', 'INSERT', 'UPDATE')
      and x.grantee <> 0
    union
    select t.oid, t.relowner
    from tenant t
),
-- A role that nobody can log in as, by itself or by a membership, sees nothing in any case.
usable as (
    select r.oid, r.rolname
    from (select distinct l.roleid from let_in l) as d
    join pg_catalog.pg_roles r on r.oid = d.roleid
    where not r.rolsuper
      and not r.rolbypassrls
      and r.rolname <> current_setting('tenantctl.app_role')
      and (r.rolcanlogin
           or exists (
               with recursive below (oid) as (
                   select m.member from pg_catalog.pg_auth_members m where m.roleid = r.oid
                   union
                   select m.member from below b join pg_catalog.pg_auth_members m on m.roleid = b.oid
               )
               select
               from below b
               join pg_catalog.pg_roles login on login.oid = b.oid
               where login.rolcanlogin
                 and not login.rolsuper
                 and login.rolname <> current_setting('tenantctl.app_role')))
),
-- pg_has_role once for each pair of roles, not for each table.
other as (
    select distinct u.roleid
    from pg_catalog.pg_policy p
    cross join unnest(p.polroles) as u (roleid)
    where p.polpermissive
    union
    select distinct t.relowner from tenant t
),
holds as (
    select u.oid as roleid, o.roleid as of_roleid
    from usable u
    cross join other o
    where o.roleid = 0 or pg_has_role(u.oid, o.roleid, 'USAGE')
),
blind as (
    select u.oid as roleid, u.rolname, t.oid as relid, t.name, t.relowner = u.oid as owns
    from let_in l
    join usable u on u.oid = l.roleid
    join tenant t on t.oid = l.relid
    where not (not t.relforcerowsecurity
               and exists (select from holds h where h.roleid = u.oid and h.of_roleid = t.relowner))
      and has_schema_privilege(u.oid, t.relnamespace, 'USAGE')
      and not exists (select
                      from pg_catalog.pg_policy p
                      join holds h on h.roleid = u.oid and h.of_roleid = any (p.polroles)
                      where p.polrelid = t.oid
                        and p.polpermissive)
)
select quote_ident(b.rolname) as object,
       format('%s %s %s and no policy lets it see a row there: it finds nothing, without an error', quote_ident(b.rolname),
              case when bool_or(b.owns) then 'owns or may use' else 'may use' end,
              case when count(*) = 1 then min(b.name)
                   else format('%s tables (such as %s)', count(*), min(b.name)) end) as detail,
       null::text as fix
from blind b
group by b.roleid, b.rolname
order by 1;
