-- Another role may create roles; the application's administers one, which is app-role-may-become-bypasser's concern.
create table public.organizations (id uuid primary key, name text not null);
alter table public.organizations owner to :owner;
alter role :admin createrole;
alter role :app createdb;
grant :other to :app with admin option;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
