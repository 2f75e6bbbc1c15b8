-- config: [tables]
-- config: shared = ["public.countries"]
create table public.organizations (id uuid primary key, name text);
create table public.countries (code text primary key, biggest_customer uuid references public.organizations (id));
create table public.invoices (id uuid primary key, organization_id uuid not null references public.organizations (id), country text references public.countries (code));
create table public.rates (id int primary key, country text references public.countries (code));
-- Not granted; in a schema that it may not enter; protected.
create table public.payments (id int primary key, invoice_id uuid references public.invoices (id));
grant select on public.payments to :other;
create schema locked;
create table locked.payments (id int primary key, invoice_id uuid references public.invoices (id));
grant select on locked.payments to :app;
create table public.feed (id int primary key, actor uuid references public.organizations (id));
alter table public.feed enable row level security;
create policy own on public.feed using (actor = nullif(current_setting('app.current_organization_id', true), '')::uuid);
grant select, insert on public.countries, public.invoices, public.feed to :app;
