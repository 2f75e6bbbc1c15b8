create table public.organizations (id uuid primary key, name text);
create table public.files (id int, organization_id uuid not null, owner_email text);
create table public.shares (id int, organization_id uuid not null);
alter table public.files enable row level security, force row level security;
alter table public.shares enable row level security, force row level security;
-- The names of settings do not depend on case; another setting beside the context narrows it.
create policy own on public.files using (organization_id = nullif(current_setting('App.Current_Organization_Id', true), '')::uuid
                                         and owner_email = current_setting('app.user', true));
create policy own on public.shares using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy support on public.shares to :other using (organization_id = nullif(current_setting('support.organization', true), '')::uuid);
grant select, insert, update, delete on public.files, public.shares to :app;
