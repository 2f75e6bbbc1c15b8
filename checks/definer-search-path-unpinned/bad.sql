-- expect: public.bare_names() high
-- expect: public.by_owner() high
-- expect: public.no_temp(integer,text) high
-- expect: public.not_callable() low
-- expect: public.purge() high
-- expect: public.qualified() low
-- expect: public.temp_first() high
revoke create on schema public from public;
create table public.organizations (id uuid primary key, name text);
create table public.tokens (organization_id uuid not null, token text);
alter table public.tokens owner to :owner;
create function public.bare_names() returns bigint language sql security definer as $$ select count(*) from tokens $$;
create function public.no_temp(n int, t text) returns bigint language sql security definer set search_path = public
    as $$ select count(*) from public.organizations o join Tokens on o.id = organization_id $$;
create function public.temp_first() returns bigint language sql security definer set search_path = pg_temp, public as $$ select count(*) from "tokens" $$;
create procedure public.purge() language plpgsql security definer as $$ begin delete from tokens; end $$;
create function public.by_owner() returns bigint language sql security definer as $$ select count(*) from tokens $$;
alter function public.by_owner() owner to :owner;
-- Everything it names is qualified; or the application may not call it.
create function public.qualified() returns bigint language sql security definer as $$ select count(*) from public.tokens $$;
create function public.not_callable() returns bigint language sql security definer as $$ select count(*) from tokens $$;
revoke execute on function public.not_callable() from public;
