-- Functions and procedures that the role ($1) may call, with what a call has to pass: OUT parameters of a procedure
-- stand in its CALL, those of a function do not.
select p.oid,
       l.lanpltrusted or l.lanname = 'sql' as trusted,
       p.provariadic <> 0 as is_variadic,
       pg_catalog.format_type(p.prorettype, null) as returns,
       a.types,
       a.type_names,
       a.names,
       a.outs
from pg_catalog.pg_proc p
join pg_catalog.pg_language l on l.oid = p.prolang
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join pg_catalog.pg_roles r
cross join lateral (
    select coalesce(array_agg(every.type_oid order by every.nth), '{}') as types,
           coalesce(array_agg(pg_catalog.format_type(every.type_oid, null) order by every.nth), '{}') as type_names,
           coalesce(array_agg(coalesce(p.proargnames[every.nth], '') order by every.nth), '{}') as names,
           coalesce(array_agg(every.is_out order by every.nth), '{}') as outs
    from (select given.type_oid, given.nth,
                 coalesce(p.proargmodes[given.nth] = 'o', false) as is_out,
                 coalesce(p.proargmodes[given.nth] = 't', false) as is_column
          from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as given (type_oid, nth)) as every
    where not every.is_column
      and (p.prokind = 'p' or not every.is_out)) as a
where r.rolname = $1
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and p.prorettype not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)
  and p.prokind <> 'w'
  and pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')
  and pg_catalog.has_function_privilege(r.oid, p.oid, 'execute')
  and not exists (select
                  from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_proc'::regclass
                    and d.objid = p.oid
                    and d.deptype = 'e')
order by n.nspname, p.proname, p.oid
