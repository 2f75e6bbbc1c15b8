create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create policy own on public.invoices using (organization_id = current_setting('app.current_organization_id')::uuid);
grant select, insert, update, delete on public.invoices to :app;
-- A log: read and written, never changed, and granted so.
create table public.log (id int primary key, organization_id uuid not null);
create policy own_read on public.log for select using (organization_id = current_setting('app.current_organization_id')::uuid);
create policy own_add on public.log for insert to :other with check (organization_id = current_setting('app.current_organization_id')::uuid);
grant select, insert on public.log to :app;
grant :other to :app;
create table public.off (id int primary key, organization_id uuid not null);
create policy own_read on public.off for select using (true);
grant all on public.off to :app;
-- No policy at all.
create table public.none (id int primary key, organization_id uuid not null);
grant all on public.none to :app;
alter table public.invoices enable row level security;
alter table public.log enable row level security;
alter table public.none enable row level security;
