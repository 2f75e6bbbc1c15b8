create table public.organizations (id uuid primary key, name text);
create table public.denies (id int, organization_id uuid not null);
create table public.raises (id int, organization_id uuid not null);
create table public.tests (id int, organization_id uuid not null);
create table public.guarded (id int, organization_id uuid not null);
create policy own on public.denies using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy own on public.raises using (organization_id = current_setting('app.current_organization_id')::uuid);
-- It tests for a context, and denies without one.
create policy own on public.tests using (current_setting('app.current_organization_id', true) is not null
    and current_setting('app.current_organization_id', true) <> ''
    and organization_id::text = current_setting('app.current_organization_id', true));
-- Open without a context, for a role that the application is not.
create policy own on public.guarded to :app using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy jobs on public.guarded to :other using (current_setting('app.current_organization_id', true) is null);
do $$ declare t text; begin
    foreach t in array array['denies', 'raises', 'tests', 'guarded'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('grant select, insert, update, delete on public.%I to :app', t);
    end loop;
end $$;
