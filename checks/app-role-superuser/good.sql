-- Another role is a superuser, and a member of the application's role: that is not the application's power.
create table public.organizations (id uuid primary key, name text not null);
alter role :admin superuser;
grant :app to :admin;
alter role :app createdb;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
