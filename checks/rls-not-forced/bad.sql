-- expect: public.invoices low
-- expect: public.ledger critical
-- expect: public.notes critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.invoices (id int primary key, organization_id uuid not null);
alter table public.notes enable row level security;
alter table public.ledger enable row level security;
alter table public.invoices enable row level security;
alter table public.notes owner to :app;
alter table public.ledger owner to :owner;
grant :owner to :app;
