-- It owns a schema without tenant tables, and tables are not the schema.
create table public.organizations (id uuid primary key, name text not null);
create schema scratch authorization :app;
create table scratch.notes (id int primary key, body text);
create schema reports authorization :other;
grant usage on schema public to :app;
grant :app to :other;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
