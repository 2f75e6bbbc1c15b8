create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null, body text);
alter table public.notes enable row level security, force row level security;
create policy own on public.notes to :app, :other
    using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
grant select on public.notes to :app, :other;
-- The group has the same privileges and the same policy; a group with none has no rows.
alter role :app noinherit;
grant :other to :app;
grant :owner to :app;
-- The wide policy is for a role that the login cannot become: the membership leads the other way.
create policy back_office on public.notes to :admin using (true);
grant select on public.notes to :admin;
grant :app to :admin;
-- The guard binds whoever comes.
create table public.files (id int, organization_id uuid not null);
alter table public.files enable row level security, force row level security;
create policy everybody on public.files using (true);
create policy guard on public.files as restrictive
    using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
grant select on public.files to public;
