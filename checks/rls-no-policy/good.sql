create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create policy own on public.invoices using (organization_id = current_setting('app.current_organization_id')::uuid);
alter table public.invoices enable row level security;
-- Through a group.
create table public.files (id int primary key, organization_id uuid not null);
create policy own on public.files to :other using (organization_id = current_setting('app.current_organization_id')::uuid);
alter table public.files enable row level security;
grant :other to :app;
-- Not enabled, or not a tenant table, or its own.
create table public.plain (id int primary key, organization_id uuid not null);
create table public.log (id int);
alter table public.log enable row level security;
create table public.mine (id int primary key, organization_id uuid not null);
alter table public.mine owner to :app;
alter table public.mine enable row level security;
grant select on all tables in schema public to :app;
