create table public.organizations (id uuid primary key, name text not null);
create table public.customers (id uuid primary key, organization_id uuid not null, email text unique);
create schema plugins;
grant create, usage on schema plugins to :app;
grant select, insert, update, delete on public.customers to :app;
grant references on public.customers to :other;
create table public.countries (code text primary key);
grant references on public.countries to :app;
