-- Another role's default, another setting, an empty default, and a group's: none reaches a login of the application.
create table public.organizations (id uuid primary key, name text not null);
alter role :other set app.current_organization_id = '11111111-1111-4111-8111-111111111111';
grant :other to :app;
alter role :app set app.current_organization_ids = '11111111-1111-4111-8111-111111111111';
alter role :app set search_path = public;
do $$ begin execute format('alter database %I set app.current_organization_id = %L', current_database(), ''); end $$;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
