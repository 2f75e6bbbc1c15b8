create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create policy own on public.invoices to :app using (organization_id = current_setting('app.current_organization_id')::uuid);
create policy guard on public.invoices as restrictive using (organization_id = current_setting('app.current_organization_id')::uuid);
-- One of its roles is enough; so is a group that the application inherits from.
create policy several on public.invoices for select to :admin, :app using (false);
create policy group_policy on public.invoices as restrictive to :other using (true);
grant :other to :app;
create table public.log (id int);
create policy support on public.log to :admin using (true);
