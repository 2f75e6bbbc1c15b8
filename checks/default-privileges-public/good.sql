create table public.organizations (id uuid primary key, name text);
alter default privileges for role :owner grant select on tables to :app;
alter default privileges for role :owner grant select on tables to :other;
alter default privileges in schema public grant usage on sequences to public;
alter default privileges in schema public grant execute on functions to public;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
