-- expect: public.collection_items high
-- expect: public.ledger low
-- expect: public.lines medium
-- expect: public.ratings high
-- expect: public.renamed high
-- expect: public.reviews low
-- expect: public.two_parents low
-- expect: public.viewed low
-- config: [tables.via]
-- config: "public.two_parents" = "order_id -> public.orders.id"
create table public.organizations (id uuid primary key, name text);
create table public.products (sku text primary key, organization_id uuid not null references public.organizations (id));
create table public.collections (id uuid primary key, organization_id uuid not null);
create table public.orders (id uuid primary key, organization_id uuid not null);
-- A guessable parent: an oracle.
create table public.lines (id uuid primary key, organization_id uuid not null, sku text references public.products (sku));
-- The key is in the child's columns but does not meet the parent's key.
create table public.mixed_parent (id uuid primary key, organization_id uuid not null, copied_from uuid not null, sku text, unique (copied_from, sku));
create table public.ledger (id int, organization_id uuid not null, sku text,
    foreign key (organization_id, sku) references public.mixed_parent (copied_from, sku)) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
-- Unguessable, and it cascades.
create table public.collection_items (organization_id uuid not null, collection_id uuid not null references public.collections (id) on delete cascade);
create table public.ratings (organization_id uuid not null, collection_id uuid references public.collections (id) on delete set null);
create table public.renamed (organization_id uuid not null, sku text references public.products (sku) on update cascade);
-- Unguessable, and nothing cascades; or what cascades is out of the application's reach.
create table public.reviews (organization_id uuid not null, collection_id uuid references public.collections (id));
create table public.viewed (organization_id uuid not null, order_id uuid references public.orders (id) on delete cascade);
-- A child without the key: the foreign key that no policy names.
create table public.two_parents (order_id uuid not null references public.orders (id), collection_id uuid references public.collections (id));
create policy through_order on public.two_parents
    using (exists (select from public.orders o where o.id = two_parents.order_id));
grant select, insert, update, delete on all tables in schema public to :app;
revoke delete on public.orders from :app;
revoke update on public.collections from :app;
