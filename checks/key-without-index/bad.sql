-- expect: public.events info
-- expect: public.ledger info
create table public.organizations (id uuid primary key, name text);
-- The key is only carried along in this index.
create table public.events (id int primary key, organization_id uuid not null, at timestamptz);
create index on public.events (at) include (organization_id);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
