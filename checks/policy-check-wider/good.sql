create table public.organizations (id uuid primary key, name text);
create table public.customers (id int, organization_id uuid not null);
create table public.media (id int, organization_id uuid not null);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.drafts (id int primary key, organization_id uuid not null, status text);
create table public.closed (id int primary key, organization_id uuid not null);
-- USING serves for both.
create policy own on public.customers using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
-- Wide, under a restrictive policy that is not.
create policy own on public.media using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid) with check (true);
create policy guard on public.media as restrictive using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
-- Wide, for somebody else.
create policy own on public.notes to :app using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy import on public.notes for insert to :other with check (true);
-- Written differently, and no wider.
create policy own on public.drafts using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid)
    with check (organization_id::text = current_setting('app.current_organization_id', true) and status = 'draft');
create policy own on public.closed using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid) with check (false);
do $$ declare t text; begin
    foreach t in array array['customers', 'media', 'notes', 'drafts', 'closed'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('grant select, insert, update, delete on public.%I to :app', t);
    end loop;
end $$;
