-- expect: public.comments critical
-- expect: public.notes high
create table public.organizations (id uuid primary key, name text);
create table public.comments (id int, organization_id uuid not null);
create table public.notes (id int, organization_id uuid not null);
create policy own on public.comments using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy cleanup on public.comments for delete using (true);
create policy own_read on public.notes for select using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy own_change on public.notes for update using (id > 0)
    with check (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
alter table public.comments enable row level security, force row level security;
alter table public.notes enable row level security, force row level security;
grant select, insert, update, delete on public.comments, public.notes to :app;
