-- expect: public.broken info
-- expect: public.late info
-- expect: public.ledger info
-- expect: public.partly info
create table public.organizations (id uuid primary key, name text);
create table public.late (id int, organization_id uuid not null, primary key (id, organization_id));
create table public.partly (id int primary key, organization_id uuid not null, open boolean);
create index on public.partly (organization_id) where open;
create table public.broken (id int primary key, organization_id uuid not null);
create index broken_organization_id_idx on public.broken (organization_id);
update pg_index set indisvalid = false where indexrelid = 'public.broken_organization_id_idx'::regclass;
-- An index on ONLY the partitioned table is invalid until every partition has one.
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create index on only public.ledger (organization_id);
