create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
-- A role that may not log in yet is there all the same.
alter role :app nologin;
