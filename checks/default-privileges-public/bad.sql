-- expect: :owner high
-- expect: "Front Office" high
-- expect: back_office low
create table public.organizations (id uuid primary key, name text);
create schema "Front Office";
create schema back_office;
grant usage on schema "Front Office" to :app;
alter default privileges for role :owner grant select on tables to public;
alter default privileges in schema "Front Office" grant insert, select on tables to public;
alter default privileges in schema back_office grant select on tables to public;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
