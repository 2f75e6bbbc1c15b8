create table public.organizations (id uuid primary key, name text);
create table public.notes (organization_id uuid not null default nullif(current_setting('app.current_organization_id', true), '')::uuid,
    slug text not null, body text, unique (organization_id, slug));
alter table public.notes enable row level security, force row level security;
-- The key comes from the default and is in the index; only one of the two is granted.
create view public.without_key with (security_barrier, check_option = cascaded) as
    select slug, body from public.notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
create view public.adding with (security_barrier, check_option = cascaded) as
    select organization_id, slug, body from public.notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
grant select, insert, update on public.without_key to :app;
grant select, insert on public.adding to :app;
