create table public.organizations (id uuid primary key, name text);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
alter table public.ledger enable row level security, force row level security;
create policy own on public.ledger using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
-- Reached through the parent alone; protected by itself; closed by having row-level security without a policy.
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create table public.ledger_b partition of public.ledger for values in ('22222222-2222-4222-8222-222222222222');
alter table public.ledger_b enable row level security;
create policy own on public.ledger_b using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create table public.ledger_c partition of public.ledger for values in ('33333333-3333-4333-8333-333333333333');
alter table public.ledger_c enable row level security;
grant select on public.ledger, public.ledger_b, public.ledger_c to :app;
-- Not a child of a tenant table.
create table public.log (id int);
create table public.log_2019 () inherits (public.log);
grant select on public.log_2019 to :app;
