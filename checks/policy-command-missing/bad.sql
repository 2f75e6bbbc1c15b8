-- expect: public.files info
-- expect: public.invoices info
-- expect: public.ledger info
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create policy own_read on public.invoices for select using (organization_id = current_setting('app.current_organization_id')::uuid);
create policy own_add on public.invoices for insert with check (organization_id = current_setting('app.current_organization_id')::uuid);
grant select, insert, delete on public.invoices to :app;
-- The policy for all commands is somebody else's, or restrictive; a grant on one column counts.
create table public.files (id int primary key, organization_id uuid not null);
create policy own_read on public.files for select using (organization_id = current_setting('app.current_organization_id')::uuid);
create policy guard on public.files as restrictive using (true);
create policy support on public.files to :other using (true);
grant select, update (id) on public.files to :app;
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create policy own_add on public.ledger for insert with check (true);
grant select on public.ledger to public;
alter table public.invoices enable row level security;
alter table public.files enable row level security;
alter table public.ledger enable row level security;
