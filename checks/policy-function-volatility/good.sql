create table public.organizations (id uuid primary key, name text);
create function public.current_org() returns uuid language sql stable
    as $$ select nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
-- Immutable and reads nothing; immutable, reads a setting, but in no policy of a tenant table.
create function public.org_of(t text) returns uuid language sql immutable as $$ select t::uuid $$;
create function public.unused() returns text language sql immutable as $$ select current_setting('app.current_organization_id', true) $$;
create table public.notes (id int, organization_id uuid not null);
create policy own on public.notes using (organization_id = public.current_org()
    and organization_id = public.org_of(current_setting('app.current_organization_id', true)));
create table public.log (id int);
create policy own on public.log using (public.unused() is not null);
