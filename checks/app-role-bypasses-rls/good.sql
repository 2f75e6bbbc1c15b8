-- A backup role has it, and is a member of the application's role; memberships lead the other way.
create table public.organizations (id uuid primary key, name text not null);
alter role :admin bypassrls;
grant :app to :admin;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
