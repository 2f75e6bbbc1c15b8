create table public.organizations (id uuid primary key, name text not null);
alter role :other replication login;
alter role :app connection limit 50;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
