create table public.organizations (id uuid primary key default nullif(current_setting('app.current_organization_id', true), '')::uuid, name text);
create table public.tickets (organization_id uuid not null default nullif(current_setting('app.current_organization_id', true), '')::uuid, subject text,
    locale text default current_setting('app.locale', true));
create table public.notes (organization_id uuid not null default gen_random_uuid(), subject text);
create table public.jobs (id int default current_setting('app.number')::int);
