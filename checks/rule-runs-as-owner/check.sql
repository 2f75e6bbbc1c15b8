-- title: A rule writes to a tenant table as its owner
-- class: surface
-- severity: high
-- why: What a rule does is done with the rights of the rule's table owner, and under that owner's policies. An INSTEAD
--   rule that redirects an insert to a tenant table skips the policies of both tables when its owner bypasses them.
-- mend: replace the rule with a trigger, which runs with the rights of whoever writes.
-- source: https://www.postgresql.org/docs/current/rules-privileges.html
-- engine: paths
with app as (
    select r.oid, r.rolname
    from pg_catalog.pg_roles r
    where r.rolname = current_setting('tenantctl.app_role')
      and not r.rolsuper
),
tenant as (
    select c.oid, c.relowner, c.relforcerowsecurity
    from unnest(current_setting('tenantctl.tenant_tables')::regclass[]) as t (oid)
    join pg_catalog.pg_class c on c.oid = t.oid
)
select format('%I.%I', n.nspname, c.relname) as object,
       format('%s on %I.%I reaches %s as %s, to whom no policy applies',
              string_agg(distinct format('rule %I', w.rulename), ', '), n.nspname, c.relname,
              string_agg(distinct tenant.oid::regclass::text, ', '), c.relowner::regrole) as detail,
       string_agg(distinct format('drop rule %I on %I.%I;', w.rulename, n.nspname, c.relname), ' ') as fix
from pg_catalog.pg_rewrite w
join pg_catalog.pg_class c on c.oid = w.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_roles o on o.oid = c.relowner
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass
                           and d.objid = w.oid
                           and d.refclassid = 'pg_catalog.pg_class'::regclass
                           and d.refobjid <> w.ev_class
join tenant on tenant.oid = d.refobjid
cross join app
where w.rulename <> '_RETURN'
  and (o.rolsuper or o.rolbypassrls or (tenant.relowner = c.relowner and not tenant.relforcerowsecurity))
  and case w.ev_type
          when '2' then has_any_column_privilege(app.oid, c.oid, 'UPDATE')
          when '3' then has_any_column_privilege(app.oid, c.oid, 'INSERT')
          when '4' then has_table_privilege(app.oid, c.oid, 'DELETE')
          else false
      end
group by c.oid, n.nspname, c.relname, c.relowner
order by 1;
