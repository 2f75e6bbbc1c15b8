-- expect: public.all_notes() critical
-- expect: public.purge(integer) critical
-- expect: public.unforced_count() critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
create table public.unforced (id int, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
alter table public.unforced enable row level security;
alter table public.unforced owner to :owner;
alter role :admin bypassrls;
grant select on public.notes to :admin;
create function public.all_notes() returns setof public.notes language sql security definer set search_path = pg_catalog, pg_temp as $$ select * from public.notes $$;
alter function public.all_notes() owner to :admin;
create procedure public.purge(days int) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin delete from public.notes where id < days; end $$;
create function public.unforced_count() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from public.unforced $$;
alter function public.unforced_count() owner to :owner;
