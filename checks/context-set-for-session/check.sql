-- title: A function sets the context for the whole session
-- class: context
-- severity: low
-- why: set_config(..., false) and a plain SET outlive the transaction. On a pooled connection the next request that
--   forgets to set a context then works as the organization before it instead of finding nothing.
-- mend: pass true as the third argument, or SET LOCAL, and set the context at the start of each transaction.
-- no-path: a function that the application's role may not call is called by others, on connections of theirs.
-- source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
-- needs: functions
with context as (
    select regexp_replace(current_setting('tenantctl.context'), '\W', '\\\&', 'g') as pattern
)
select p.oid::regprocedure::text as object,
       format('%s %s sets %s for the rest of the session, so the next request on a pooled connection may inherit it',
              case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure, current_setting('tenantctl.context')) as detail,
       null::text as fix,
       case when has_function_privilege(app.oid, p.oid, 'EXECUTE') and has_schema_privilege(app.oid, p.pronamespace, 'USAGE')
            then array[quote_ident(app.rolname), format('EXECUTE on %s', p.oid::regprocedure),
                       format('%s stays set when the transaction ends', current_setting('tenantctl.context')),
                       'the connection''s next request'] end as path,
       format('SELECT pg_get_functiondef(%L::regprocedure);', p.oid::regprocedure) as evidence
from pg_catalog.pg_proc p
cross join context
left join pg_catalog.pg_roles app on app.rolname = current_setting('tenantctl.app_role')
where p.prokind in ('f', 'p')
  and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and strpos(lower(case when p.prosqlbody is null then p.prosrc else pg_get_functiondef(p.oid) end), lower(current_setting('tenantctl.context'))) > 0
  and (case when p.prosqlbody is null then p.prosrc else pg_get_functiondef(p.oid) end
           ~* ('set_config\s*\(\s*''' || context.pattern || '''(::text)?\s*,[^;]*,\s*(is_local\s*=>\s*)?false\s*\)')
       or p.prosrc ~* ('(^|;|\mbegin\M|\mthen\M)\s*set\s+(session\s+)?' || context.pattern || '\s*(=|\mto\M)'))
order by 1;
