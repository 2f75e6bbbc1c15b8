-- title: The application's role does not exist
-- class: role
-- severity: high
-- why: The audit follows what one login role can reach. Where that role is not there, the application logs in as
--   another one, often as the tables' owner or a superuser, and nothing that is said about this one holds for it.
-- mend: create it with `tenantctl role create`, or name the role that the application really uses with --app-role.
-- no-path: nobody can log in as a role that does not exist.
-- source: https://www.postgresql.org/docs/current/role-attributes.html
-- engine: paths
select current_setting('tenantctl.app_role') as object,
       'the role that the application should log in as does not exist' as detail,
       'tenantctl role create' as fix
where not exists (
    select from pg_catalog.pg_roles r where r.rolname = current_setting('tenantctl.app_role')
)
order by 1
