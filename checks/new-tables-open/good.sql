create table public.organizations (id uuid primary key, name text);
alter default privileges in schema public grant usage on sequences to :app;
alter default privileges in schema public grant select on tables to :other;
alter default privileges in schema public grant select on tables to public;
alter default privileges in schema public grant references on tables to :app;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
