-- expect: public.files low
-- expect: public.invoices info
-- expect: public.ledger info
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create policy own on public.invoices to :app using (organization_id = current_setting('app.current_organization_id')::uuid);
create policy support on public.invoices to :other, :admin using (true);
create table public.files (id int primary key, organization_id uuid not null);
create policy guard on public.files as restrictive to :other using (organization_id = current_setting('app.current_organization_id')::uuid);
create policy support on public.files to :admin using (true);
-- A member that does not inherit is not a member here.
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create policy support on public.ledger to :owner using (true);
alter role :app noinherit;
grant :owner to :app;
