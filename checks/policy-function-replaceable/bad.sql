-- expect: public.current_org() critical
-- expect: public.inner_org() critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
create function public.inner_org() returns uuid language sql stable
    as $$ select nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.current_org() returns uuid language sql stable as $$ select public.inner_org() $$;
alter function public.inner_org() owner to :app;
alter function public.current_org() owner to :other;
grant :other to :app;
alter table public.notes enable row level security, force row level security;
create policy own on public.notes using (organization_id = public.current_org());
