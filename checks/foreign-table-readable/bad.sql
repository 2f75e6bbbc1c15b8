-- expect: public.invoices_archive medium
-- expect: public.remote critical
-- expect: public.weather medium
create extension postgres_fdw;
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create server elsewhere foreign data wrapper postgres_fdw;
create foreign table public.invoices_archive (id int, total int) server elsewhere options (table_name 'invoices');
create foreign table public.remote (id int, organization_id uuid) server elsewhere;
create foreign table public.weather (day date) server elsewhere;
grant select on public.invoices_archive, public.weather to :app;
grant select (id) on public.remote to :app;
