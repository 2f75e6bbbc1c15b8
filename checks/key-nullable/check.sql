-- title: The tenant key may be null
-- class: key
-- severity: low
-- why: A row without a tenant belongs to nobody: the policy hides it from everyone, and the first policy or
--   query that treats NULL as "shared" shows it to all. NOT NULL turns that silent row into an error.
-- mend: find the rows first (select ... where <key> is null); on a large table add a CHECK (<key> is not null)
--   NOT VALID, validate it, and then SET NOT NULL, which takes the proof and does not scan.
-- no-path: the application's role may not write there, so that the row has to come from somebody else.
-- source: https://www.postgresql.org/docs/current/ddl-constraints.html
-- tables: nullable key
select format('%I.%I', n.nspname, c.relname) as object,
       format('column %I of %I.%I may be null, so a row can exist that belongs to no tenant', a.attname, n.nspname, c.relname) as detail,
       format('alter table %I.%I alter column %I set not null;', n.nspname, c.relname, a.attname) as fix,
       case when has_any_column_privilege(app.oid, c.oid, 'INSERT') or has_any_column_privilege(app.oid, c.oid, 'UPDATE')
            then array[quote_ident(app.rolname), format('INSERT or UPDATE on %I.%I', n.nspname, c.relname), format('a row whose %I is null', a.attname)] end as path,
       format('SELECT count(*) FROM %I.%I WHERE %I IS NULL;', n.nspname, c.relname, a.attname) as evidence
from unnest(current_setting('tenantctl.tenant_tables')::regclass[],
            current_setting('tenantctl.tenant_keys')::text[]) as t (oid, key)
join pg_catalog.pg_class c on c.oid = t.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = t.key and not a.attisdropped
join pg_catalog.pg_type y on y.oid = a.atttypid
left join pg_catalog.pg_roles app on app.rolname = current_setting('tenantctl.app_role')
where not a.attnotnull
  and not y.typnotnull
  -- A partition's column is its parent's business: it cannot be laxer than that.
  and not c.relispartition
  -- As good as NOT NULL, and how a large table gets there.
  and not exists (select from pg_catalog.pg_constraint k
                  where k.conrelid = c.oid
                    and k.contype = 'c'
                    and k.convalidated
                    and pg_get_constraintdef(k.oid) = format('CHECK ((%I IS NOT NULL))', a.attname))
order by 1;
