create table public.organizations (id uuid primary key, name text);
-- One good index is enough, whatever else there is.
create table public.orders (id int primary key, organization_id uuid not null, open boolean);
create index on public.orders (organization_id) where open;
create index on public.orders (id, organization_id);
create index on public.orders (organization_id, open);
create table public.texts (id int primary key, organization_id uuid not null);
create index on public.texts ((organization_id::text));
create table public.folders (organization_id uuid not null, path text, primary key (organization_id, path));
-- None at all: key-without-index says so.
create table public.events (id int primary key, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create index on public.ledger (organization_id);
