-- expect: public.own_notes high
-- expect: public.without_key high
create table public.organizations (id uuid primary key, name text);
create table public.notes (organization_id uuid not null default nullif(current_setting('app.current_organization_id', true), '')::uuid,
    slug text not null, body text, unique (organization_id, slug));
create table public.tags (organization_id uuid not null default nullif(current_setting('app.current_organization_id', true), '')::uuid,
    id int primary key, body text);
alter table public.notes enable row level security, force row level security;
alter table public.tags enable row level security, force row level security;
create view public.own_notes with (security_barrier, check_option = cascaded) as
    select organization_id, slug, body from public.notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
-- The key is not shown, but what is unique does without it.
create view public.without_key with (security_barrier, check_option = cascaded) as
    select id, body from public.tags
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
grant select, insert, update on public.own_notes, public.without_key to :app;
