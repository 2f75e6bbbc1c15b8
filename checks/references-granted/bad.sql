-- expect: public.customers medium
-- expect: public.ledger medium
create table public.organizations (id uuid primary key, name text not null);
create table public.customers (id uuid primary key, organization_id uuid not null, email text unique);
create table public.ledger (id int, organization_id uuid not null, primary key (id, organization_id)) partition by list (organization_id);
create schema plugins;
grant create, usage on schema plugins to :app;
-- One column is enough.
grant references (email) on public.customers to :app;
grant references on public.ledger to public;
