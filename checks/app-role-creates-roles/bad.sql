-- expect: :app critical
create table public.organizations (id uuid primary key, name text not null);
alter table public.organizations owner to :owner;
alter role :app createrole;
-- From PostgreSQL 16 on this is what makes it dangerous; the owner is reached through a second role.
grant :other to :app with admin option;
grant :owner to :other;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
