-- expect: :other critical
-- expect: :admin critical
-- expect: :owner critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null, body text);
alter table public.notes enable row level security, force row level security;
create policy own on public.notes to :app
    using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
grant select on public.notes to :app, :other;
-- Two steps away, the first of them not inherited: a policy of its own.
alter role :app noinherit;
grant :admin to :app;
grant :other to :admin;
create policy back_office on public.notes to :other using (true);
-- A table that the login itself may not read, and that has no policies.
create table public.drafts (id int, organization_id uuid not null);
grant select on public.drafts to :admin;
-- The guard is for the login alone: whoever else it becomes is not held by it.
create table public.files (id int, organization_id uuid not null);
alter table public.files enable row level security, force row level security;
create policy everybody on public.files using (true);
create policy guard on public.files as restrictive to :app
    using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
grant select on public.files to public;
grant :owner to :app;
