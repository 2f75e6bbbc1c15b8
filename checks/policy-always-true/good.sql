create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
create table public.files (id int, organization_id uuid not null);
create table public.tickets (id int, organization_id uuid not null);
create table public.comments (id int, organization_id uuid not null);
do $$ declare t text; begin
    foreach t in array array['notes', 'files', 'tickets', 'comments'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('grant select on public.%I to :app', t);
    end loop;
end $$;
-- True for all, and a restrictive policy that pins the tenant.
create policy everything on public.notes using (true);
create policy guard on public.notes as restrictive using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
-- True for a role that the application is not.
create policy own on public.files to :app using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy support on public.files to :admin using (true);
-- A restrictive policy that is true restricts nothing and opens nothing.
create policy own on public.tickets using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy nothing on public.tickets as restrictive using (true);
create policy own on public.comments using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid and true);
create table public.countries (code text primary key);
alter table public.countries enable row level security;
create policy everybody on public.countries using (true);
