create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
alter table public.customers enable row level security;
create policy own on public.customers using (organization_id = current_setting('app.current_organization_id')::uuid);
grant select on public.customers to :app;
create table public.log (id int);
grant select on public.log to :app;
-- Policies that nothing evaluates are rls-not-enabled.
create table public.meant (id int, organization_id uuid not null);
create policy own on public.meant using (organization_id = current_setting('app.current_organization_id')::uuid);
grant select on public.meant to :app;
