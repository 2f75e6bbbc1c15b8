-- expect: archive.notes_2019 critical
-- expect: public.ledger_a critical
-- expect: public.ledger_b_1 critical
create table public.organizations (id uuid primary key, name text);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
alter table public.ledger enable row level security, force row level security;
create policy own on public.ledger using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
-- A partition of a partition, and a child by inheritance in a schema that is not listed.
create table public.ledger_b partition of public.ledger for values in ('22222222-2222-4222-8222-222222222222') partition by range (id);
create table public.ledger_b_1 partition of public.ledger_b for values from (0) to (1000);
create table public.notes (id int, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
create policy own on public.notes using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create schema archive;
create table archive.notes_2019 () inherits (public.notes);
grant usage on schema archive to :app;
grant select on public.ledger, public.ledger_a, public.notes to :app;
grant select (id) on archive.notes_2019 to :app;
grant delete on public.ledger_b_1 to public;
