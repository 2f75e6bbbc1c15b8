create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
alter table public.notes owner to :owner;
-- Its owner is bound; it runs as its caller; the application may not call it; it names no tenant table.
create function public.bound() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from public.notes $$;
alter function public.bound() owner to :owner;
create function public.as_caller() returns bigint language sql as $$ select count(*) from public.notes $$;
create function public.not_callable() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from public.notes $$;
revoke execute on function public.not_callable() from public;
create function public.unrelated() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select 1::bigint as footnotes $$;
