-- expect: public.organizations critical
create table public.organizations (id uuid primary key, name text, billing_email text);
create policy own on public.organizations using (id = current_setting('app.current_organization_id')::uuid);
grant select (id, name) on public.organizations to :app;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
