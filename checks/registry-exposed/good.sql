create table public.organizations (id uuid primary key, name text);
alter table public.organizations enable row level security, force row level security;
create policy own on public.organizations using (id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
grant select on public.organizations to :app;
create table public.notes (id int primary key, organization_id uuid not null references public.organizations (id));
grant select on public.notes to :app;
