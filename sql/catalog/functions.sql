select p.oid,
       p.pronamespace as schema,
       p.proname::text as name,
       pg_get_function_identity_arguments(p.oid) as arguments,
       oidvectortypes(p.proargtypes) as argument_types,
       p.pronargdefaults as defaults,
       p.proowner as owner,
       p.prokind::text as kind,
       l.lanname::text as language,
       p.prosecdef,
       p.proleakproof,
       p.provolatile::text as volatility,
       p.proconfig as config,
       p.proacl::text as acl,
       p.prorettype as returns,
       p.proretset as returns_set,
       -- Called by a default, a domain, a constraint or an operator, where the schema's USAGE is not asked for.
       exists (select
               from pg_catalog.pg_depend d
               where d.refclassid = 'pg_catalog.pg_proc'::regclass
                 and d.refobjid = p.oid
                 and d.classid in ('pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_constraint'::regclass,
                                   'pg_catalog.pg_operator'::regclass)) as used_by_catalog,
       (select array_remove(array[a.aggtransfn::oid, a.aggfinalfn::oid, a.aggcombinefn::oid], 0::oid)
        from pg_catalog.pg_aggregate a
        where a.aggfnoid = p.oid) as aggregates,
       p.procost as cost,
       p.prosrc as body
from pg_catalog.pg_proc p
join pg_catalog.pg_language l on l.oid = p.prolang
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
