create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
create policy own on public.notes using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
alter table public.notes owner to :owner;
-- Its owner is bound by FORCE; or by the policies, being nobody special.
create view public.by_forced_owner as select * from public.notes;
alter view public.by_forced_owner owner to :owner;
create view public.by_somebody as select * from public.notes;
alter view public.by_somebody owner to :other;
-- Its owner bypasses them, and it filters by itself, behind a barrier.
create view public.own_notes with (security_barrier = true) as
    select * from public.notes where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
grant select on public.own_notes to :app;
-- Not granted, or nothing of a tenant in it.
create view public.hidden as select * from public.notes;
create table public.countries (code text primary key);
create view public.codes as select * from public.countries;
grant select on public.notes to :other;
grant select on public.notes, public.by_forced_owner, public.by_somebody, public.codes to :app;
-- A view that runs as its reader, also below one that runs as a superuser. (The option is new in PostgreSQL 15.)
do $$ begin
    if current_setting('server_version_num')::int >= 150000 then
        create view public.by_reader with (security_invoker = true) as select * from public.notes;
        create view public.superuser_over_reader as select * from public.by_reader;
        grant select on public.by_reader, public.superuser_over_reader to :app;
    end if;
end $$;
