select p.oid,
       p.pronamespace as schema,
       p.proname::text as name,
       pg_get_function_identity_arguments(p.oid) as arguments,
       oidvectortypes(p.proargtypes) as argument_types,
       p.pronargdefaults as defaults,
       pg_get_expr(p.proargdefaults, 0) as default_values,
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
       p.procost as cost,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body
from pg_catalog.pg_proc p
join pg_catalog.pg_language l on l.oid = p.prolang
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
