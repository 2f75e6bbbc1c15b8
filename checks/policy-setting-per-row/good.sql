create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
create policy customers_own on public.customers using (organization_id = (select nullif(current_setting('app.current_organization_id', true), '')::uuid));
create table public.plain (id int primary key, organization_id text not null);
create policy plain_own on public.plain using (organization_id = (select current_setting('app.current_organization_id')));
create table public.twice (id int primary key, organization_id uuid not null);
create policy twice_own on public.twice using (organization_id = (select coalesce(nullif(current_setting('app.a', true), ''), current_setting('app.b', true))::uuid)
    and (select current_setting('app.c', true)) = 'on');
-- New rows are checked one at a time anyway.
create table public.events (id int primary key, organization_id uuid not null);
create policy events_add on public.events for insert with check (organization_id::text = current_setting('app.current_organization_id', true));
