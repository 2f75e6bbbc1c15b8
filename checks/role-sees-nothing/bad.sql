-- expect: :owner
-- expect: :other
-- expect: :admin
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
alter table public.invoices enable row level security, force row level security;
alter table public.ledger enable row level security;
create policy own on public.invoices to :app using (organization_id = current_setting('app.current_organization_id')::uuid);
-- A restrictive policy lets nobody in.
create policy guard on public.invoices as restrictive using (organization_id = current_setting('app.current_organization_id')::uuid);
alter table public.invoices owner to :owner;
alter role :owner login;
-- One column is enough to be let in; that it is on a partitioned table makes no difference.
alter role :other login;
grant select (id) on public.ledger to :other;
-- Nobody logs in as the group, but a member does, and does not inherit from anybody who has a policy.
create policy support on public.ledger to :app using (true);
alter role :app noinherit;
grant insert on public.ledger to :admin;
grant :admin to :other;
grant usage on schema public to :owner, :other, :admin;
