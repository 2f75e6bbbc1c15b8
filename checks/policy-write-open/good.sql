create table public.organizations (id uuid primary key, name text);
create table public.comments (id int, organization_id uuid not null);
create policy own on public.comments using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy cleanup on public.comments for delete using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
alter table public.comments enable row level security, force row level security;
grant select, insert, update, delete on public.comments to :app;
