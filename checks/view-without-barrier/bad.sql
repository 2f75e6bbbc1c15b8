-- expect: public.my_customers critical
create table public.organizations (id uuid primary key, name text);
create table public.customers (id int, organization_id uuid not null, email text);
alter table public.customers enable row level security, force row level security;
create view public.my_customers as select * from public.customers where organization_id::text = current_setting('app.current_organization_id', true);
grant select on public.my_customers to :app;
