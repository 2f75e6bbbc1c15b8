create table public.organizations (id uuid primary key, name text not null);
create table public.invoices (id uuid primary key, organization_id uuid not null);
grant select, insert, update, delete on public.invoices to :app;
grant truncate on public.invoices to :other;
-- Not a tenant table.
create table public.scratch (id int);
grant all on public.scratch to :app;
-- Owned, not granted: another check says that.
create table public.drafts (id uuid primary key, organization_id uuid not null);
alter table public.drafts owner to :app;
