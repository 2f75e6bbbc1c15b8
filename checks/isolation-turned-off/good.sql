create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
-- On again.
alter table public.customers enable row level security;
create policy own on public.customers using (organization_id = current_setting('app.current_organization_id')::uuid);
comment on table public.customers is 'tenantctl 0.1.0: {"plan":"0a1b2c3d","enabled":true,"emergency":{"by":"dba","since":"2026-01-31","forced":true}}';
grant select on public.customers to :app;
-- Another one's words.
create table public.ledger (id int, organization_id uuid not null);
comment on table public.ledger is 'turned off: "emergency":{"by":"us"}';
