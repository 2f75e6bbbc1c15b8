-- expect: :owner low
-- expect: public low
create table public.organizations (id uuid primary key, name text);
alter default privileges in schema public grant select, insert on tables to :app;
alter default privileges for role :owner grant select on tables to :other;
grant :other to :app;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
