-- config: [tables.via]
-- config: "public.order_items" = "order_id -> public.orders.id"
-- config: "public.two_parents" = "order_id -> public.orders.id"
-- config: [tables]
-- config: shared = ["public.countries"]
create table public.organizations (id uuid primary key, name text);
create table public.countries (code text primary key);
create table public.orders (id uuid primary key, organization_id uuid not null references public.organizations (id) on delete cascade,
    country text references public.countries (code) on update cascade, unique (id, organization_id));
create table public.refunds (id uuid primary key, organization_id uuid not null, order_id uuid not null,
    foreign key (order_id, organization_id) references public.orders (id, organization_id) on delete cascade);
-- Two keys to the same parent, the longer of which carries the tenant.
create table public.shipments (id uuid primary key, organization_id uuid not null, order_id uuid not null references public.orders (id) on delete cascade,
    foreign key (organization_id, order_id) references public.orders (organization_id, id));
create table public.order_items (id uuid primary key, order_id uuid not null references public.orders (id) on delete cascade);
-- Its policy follows both parents.
create table public.two_parents (order_id uuid not null references public.orders (id) on delete cascade,
    refund_id uuid references public.refunds (id) on delete cascade);
create policy through_both on public.two_parents
    using (exists (select from public.orders o where o.id = two_parents.order_id)
           and exists (select from public.refunds r where r.id = two_parents.refund_id));
create table public.ledger (id uuid, organization_id uuid not null, order_id uuid,
    foreign key (organization_id, order_id) references public.orders (organization_id, id)) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
-- Not a tenant table.
create table public.jobs (id int primary key, order_id uuid references public.orders (id) on delete cascade);
grant select, insert, update, delete on all tables in schema public to :app;
