-- expect: public.files critical
-- expect: public.ledger critical
-- expect: public.shares critical
create table public.organizations (id uuid primary key, name text);
create table public.files (id int, organization_id uuid not null);
create table public.shares (id int, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
alter table public.files enable row level security, force row level security;
alter table public.shares enable row level security, force row level security;
alter table public.ledger enable row level security, force row level security;
create policy own on public.files using (organization_id = nullif(current_setting('app.requested_organization', true), '')::uuid);
create policy own on public.shares using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy shared on public.shares for select using (organization_id::text = current_setting('app.current_organization', true));
create policy own on public.ledger using (organization_id = (select nullif(current_setting('app.org', true), '')::uuid));
grant select, insert, update, delete on public.files, public.shares, public.ledger to :app;
