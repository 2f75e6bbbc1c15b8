-- expect: public.by_bypasser critical
-- expect: public.by_superuser critical
-- expect: public.by_unforced_owner critical
-- expect: public.forgets_one critical
-- expect: public.nested critical
-- expect: public.one_column critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.unforced (id int primary key, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
alter table public.unforced enable row level security;
create policy own on public.notes using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy own on public.unforced using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
alter table public.unforced owner to :owner;
alter role :admin bypassrls;
create view public.by_superuser as select * from public.notes;
create view public.by_bypasser as select * from public.notes;
alter view public.by_bypasser owner to :admin;
create view public.by_unforced_owner as select * from public.unforced;
alter view public.by_unforced_owner owner to :owner;
create view public.hidden as select * from public.notes;
create view public.nested as select count(*) from public.hidden;
create view public.one_column as select * from public.notes;
-- A barrier and half a filter: the other branch has none.
create view public.forgets_one with (security_barrier = true) as
    select * from public.notes where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid
    union all
    select * from public.unforced;
grant select on public.notes, public.unforced, public.forgets_one, public.by_superuser, public.by_bypasser, public.by_unforced_owner, public.nested to :app;
grant select on public.notes to :admin;
grant select (id) on public.one_column to :app;
