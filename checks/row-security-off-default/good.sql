create table public.organizations (id uuid primary key, name text not null);
alter role :app set row_security = on;
-- What a backup role should have: it fails rather than write an incomplete dump.
alter role :admin set row_security = off;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
