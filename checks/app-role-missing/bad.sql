-- expect: :app high
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
drop role :app;
