-- expect: public.notes info
-- expect: public.ledger_a info
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.files (id int primary key, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create publication fixture_outbox for table public.notes, public.ledger;
