-- expect: public.invoices critical
-- expect: public.ledger critical
-- expect: public.order_items critical
-- expect: public.organizations critical
-- config: [tables.via]
-- config: "public.order_items" = "invoice_id -> public.invoices.id"
create table public.organizations (id uuid primary key, name text not null);
create table public.invoices (id uuid primary key, organization_id uuid not null);
-- A partitioned table is relkind 'p'; PUBLIC counts as the application; so does a group it inherits from.
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
-- A child that has no tenant key of its own.
create table public.order_items (id uuid primary key, invoice_id uuid not null references public.invoices (id));
grant truncate on public.invoices to :app;
grant truncate on public.ledger to public;
grant :other to :app;
grant truncate on public.order_items to :other;
grant all on public.organizations to :app;
