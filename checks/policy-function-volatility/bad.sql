-- expect: public.current_org() critical
-- expect: public.org_body() critical
create table public.organizations (id uuid primary key, name text);
create function public.current_org() returns uuid language sql immutable
    as $$ select nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.org_body() returns uuid language sql immutable
    return nullif(current_setting('app.current_organization_id', true), '')::uuid;
create table public.notes (id int, organization_id uuid not null);
create policy own on public.notes using (organization_id = (select public.current_org()));
create policy own_add on public.notes for insert with check (organization_id = public.current_org());
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create policy own on public.ledger using (organization_id = public.org_body());
