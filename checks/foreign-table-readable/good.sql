-- config: [tables]
-- config: shared = ["public.weather"]
create extension postgres_fdw;
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create server elsewhere foreign data wrapper postgres_fdw;
create foreign table public.invoices_archive (id int, organization_id uuid) server elsewhere options (table_name 'invoices');
grant select on public.invoices_archive to :other;
create foreign table public.weather (day date) server elsewhere;
grant select on public.weather to :app;
