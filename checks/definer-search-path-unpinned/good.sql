revoke create on schema public from public;
create table public.organizations (id uuid primary key, name text);
create table public.tokens (organization_id uuid not null, token text);
create function public.pinned() returns bigint language sql security definer set search_path = public, pg_temp as $$ select count(*) from tokens $$;
create function public.pinned_quoted() returns bigint language sql security definer set search_path = 'public', 'pg_temp' as $$ select count(*) from tokens $$;
create function public.invoker() returns bigint language sql as $$ select count(*) from tokens $$;
