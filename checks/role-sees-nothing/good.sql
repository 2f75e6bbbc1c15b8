create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.drafts (id int primary key, organization_id uuid not null);
create table public.log (id int);
alter table public.invoices enable row level security, force row level security;
alter table public.notes enable row level security;
create policy own on public.invoices to :app using (organization_id = current_setting('app.current_organization_id')::uuid);
create policy jobs on public.invoices to :owner using (true);
alter table public.invoices owner to :owner;
-- Not forced: the owner sees everything, and so does who inherits from it.
alter table public.notes owner to :owner;
grant :owner to :other;
grant select on public.notes, public.invoices to :other;
alter role :owner login;
alter role :other login;
-- Bound by nothing, or nobody can be it, or not a tenant's table, or not isolated at all.
alter role :admin login bypassrls;
grant select on public.invoices, public.notes to :admin;
grant select on public.drafts, public.log to :other;
alter table public.log enable row level security;
-- PUBLIC's policy is everybody's.
create table public.shared_notes (id int primary key, organization_id uuid not null);
alter table public.shared_notes enable row level security, force row level security;
alter table public.shared_notes owner to :other;
create policy everybody on public.shared_notes using (organization_id = current_setting('app.current_organization_id')::uuid);
-- A privilege that is not on rows lets nobody see any.
grant references, trigger on public.invoices to :other;
