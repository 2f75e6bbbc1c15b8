-- expect: public.billing info
-- expect: public.customers critical
-- expect: public.forced critical
-- expect: public.grouped critical
-- expect: public.ledger critical
-- expect: public.lines critical
-- expect: public.one_column critical
-- config: [tables.via]
-- config: "public.lines" = "customer_id -> public.customers.id"
create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
-- A policy that nothing evaluates.
create policy own on public.customers using (organization_id = current_setting('app.current_organization_id')::uuid);
create table public.forced (id int, organization_id uuid not null);
alter table public.forced force row level security;
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create table public.lines (id int primary key, customer_id int references public.customers (id));
create table public.one_column (id int, organization_id uuid not null, name text);
create table public.grouped (id int, organization_id uuid not null);
create table public.billing (id int, organization_id uuid not null);
grant select on public.customers, public.forced, public.ledger, public.lines to :app;
grant select (name) on public.one_column to :app;
grant :other to :app;
grant delete on public.grouped to :other;
do $$ declare t text; begin
    foreach t in array array['forced', 'ledger', 'one_column', 'grouped', 'billing'] loop
        execute format('create policy own on public.%I using (organization_id = current_setting(''app.current_organization_id'')::uuid)', t);
    end loop;
end $$;
create policy own on public.lines using (exists (select from public.customers c where c.id = lines.customer_id));
