create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null, body text);
alter table public.notes enable row level security, force row level security;
-- Asked of new rows; without the column; not granted.
create view public.checked with (security_barrier, check_option = cascaded) as
    select organization_id, body from public.notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
create view public.without_key with (security_barrier) as
    select id, body from public.notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
create view public.read_only with (security_barrier) as
    select organization_id, body from public.notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
grant select, insert, update on public.checked, public.without_key to :app;
grant select on public.read_only to :app;
