create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
-- Somebody else's; and one of the application's own that no policy asks.
create function public.current_org() returns uuid language sql stable
    as $$ select nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
alter function public.current_org() owner to :owner;
create function public.own_helper() returns int language sql stable as $$ select 1 $$;
alter function public.own_helper() owner to :app;
alter table public.notes enable row level security, force row level security;
create policy own on public.notes using (organization_id = public.current_org());
