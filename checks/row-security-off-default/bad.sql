-- expect: :app info
-- expect: row_security info
create table public.organizations (id uuid primary key, name text not null);
alter role :app set row_security = off;
do $$ begin execute format('alter database %I set row_security = no', current_database()); end $$;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
