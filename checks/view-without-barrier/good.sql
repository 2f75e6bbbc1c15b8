create table public.organizations (id uuid primary key, name text);
create table public.customers (id int, organization_id uuid not null, email text);
alter table public.customers enable row level security, force row level security;
create policy own on public.customers using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create view public.my_customers with (security_barrier = true) as select * from public.customers where organization_id::text = current_setting('app.current_organization_id', true);
-- Its owner is bound by the policy, which is a barrier of its own.
create view public.bound as select * from public.customers where organization_id::text = current_setting('app.current_organization_id', true);
alter view public.bound owner to :other;
grant select on public.customers to :other;
-- No filter at all is view-bypasses-rls; and this one is not granted.
create view public.everything as select * from public.customers;
create view public.hidden as select * from public.customers where organization_id::text = current_setting('app.current_organization_id', true);
grant select on public.my_customers, public.bound, public.everything to :app;
