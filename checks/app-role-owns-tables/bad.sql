-- expect: :app critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
-- Neither owned nor inherited: SET ROLE reaches the owner.
alter table public.notes owner to :owner;
alter role :app noinherit;
grant :owner to :other;
grant :other to :app;
