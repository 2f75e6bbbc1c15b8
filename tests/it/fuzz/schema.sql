create role the_app login;
create table public.organizations (id uuid primary key, name text);
create table public.members (organization_id uuid, person text, primary key (organization_id, person));
create table public.orders (id bigint primary key, organization_id uuid not null references public.organizations, status text, doc jsonb);
create table public.items (id bigint primary key, order_id bigint references public.orders);
create table public.notes (organization_id uuid, shared boolean default false, body text);
create function public.current_org() returns uuid language sql stable as
    $$ select nullif(current_setting('app.t', true), '')::uuid $$;
create function public.is_member(org uuid) returns boolean language sql stable security definer as
    $$ select exists (select 1 from public.members m where m.organization_id = org and m.person = current_setting('app.person', true)) $$;
create function public.find_orders(wanted text) returns setof public.orders language sql security definer as
    $$ select * from public.orders o where o.organization_id = public.current_org() and o.status = wanted $$;
create function public.count_orders() returns bigint language plpgsql security definer as
    $$ declare n bigint; begin select count(*) into n from public.orders; return n; end $$;
alter table public.orders enable row level security, force row level security;
alter table public.items enable row level security, force row level security;
alter table public.notes enable row level security, force row level security;
alter table public.members enable row level security;
create policy own on public.orders using (organization_id = public.current_org());
create policy narrow on public.orders as restrictive using (status <> 'gone' or doc ->> 'kept' = 'yes');
create policy own on public.items using (exists (select 1 from public.orders o where o.id = items.order_id and o.organization_id = (select nullif(current_setting('app.t', true), '')::uuid)));
create policy own on public.notes using (shared or organization_id::text = current_setting('app.t', true)) with check (organization_id = public.current_org());
create policy theirs on public.notes for select using (public.is_member(organization_id) or organization_id in (select m.organization_id from public.members m));
create policy own on public.members using (case when organization_id is null then false else organization_id = coalesce(public.current_org(), organization_id) end);
create view public.open_orders with (security_barrier) as select * from public.orders where organization_id = public.current_org() and status = 'open';
create view public.all_orders as select o.*, i.id as item from public.orders o left join public.items i on i.order_id = o.id union all select o.*, null from public.orders o;
create view public.over_orders as select * from public.open_orders where doc is not null;
create materialized view public.totals as select organization_id, count(*) from public.orders group by 1;
grant all on all tables in schema public to the_app;
