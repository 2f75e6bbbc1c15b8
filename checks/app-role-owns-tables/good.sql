create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
alter table public.notes owner to :owner;
grant all on public.notes to :app;
-- It owns a table that is no tenant's; the owner is a member of it, not it of the owner.
create table public.scratch (id int);
alter table public.scratch owner to :app;
grant :app to :owner;
grant :other to :app;
