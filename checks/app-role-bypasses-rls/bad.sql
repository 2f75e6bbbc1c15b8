-- expect: :app critical
create table public.organizations (id uuid primary key, name text not null);
alter role :app bypassrls;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
