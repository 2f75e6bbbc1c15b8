-- expect: public.twofold info
-- expect: public.customers info
-- expect: public.ledger info
-- expect: public.lines info
-- config: [tables.via]
-- config: "public.lines" = "customer_id -> public.customers.id"
create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
create policy customers_own on public.customers using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create policy ledger_own on public.ledger using (organization_id::text = current_setting('app.current_organization_id'));
-- A sub-select that reads a table is evaluated with the rows it reads.
create table public.lines (id int primary key, customer_id int references public.customers (id));
create policy lines_own on public.lines using (exists (
    select from public.customers c where c.id = lines.customer_id and c.organization_id = current_setting('app.current_organization_id', true)::uuid));
-- Once wrapped, once not.
create table public.twofold (id int primary key, organization_id uuid not null);
create policy twofold_own on public.twofold using (organization_id = (select current_setting('app.current_organization_id', true)::uuid)
                                             or current_setting('app.support', true) = 'on');
