-- config: [tables]
-- config: shared = ["public.countries", "public.plans", "public.rates"]
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
create table public.countries (code text primary key, name text);
create table public.plans (name text primary key) partition by list (name);
create table public.rates (country text, percent numeric);
grant select on public.countries, public.plans to :app;
-- Another role's grant; a table where nothing passes.
grant insert, update, delete on public.plans to :other;
alter table public.rates enable row level security;
grant insert on public.rates to :app;
