-- expect: :app high
-- expect: app.current_organization_id high
create table public.organizations (id uuid primary key, name text not null);
alter role :app set app.current_organization_id = '11111111-1111-4111-8111-111111111111';
do $$ begin execute format('alter database %I set app.current_organization_id = %L', current_database(), '22222222-2222-4222-8222-222222222222'); end $$;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
