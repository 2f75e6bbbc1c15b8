-- A backup role has it, and is a member of the application's role; memberships lead the other way.
create table public.organizations (id uuid primary key, name text not null);
alter role :admin bypassrls;
grant :app to :admin;
