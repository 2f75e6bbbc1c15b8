create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
alter table public.customers enable row level security;
create policy own on public.customers using (organization_id = current_setting('app.current_organization_id')::uuid);
grant select on public.customers to :app;
create table public.log (id int);
grant select on public.log to :app;
-- Without a policy it is table-unprotected.
create table public.forgotten (id int, organization_id uuid not null);
grant select on public.forgotten to :app;
