-- expect: public.invitation(uuid) low
create table public.organizations (id uuid primary key, name text);
create table public.invitations (token uuid primary key default gen_random_uuid(), organization_id uuid not null, email text);
alter table public.invitations enable row level security, force row level security;
create function public.invitation(p_token uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$ select i.email from public.invitations i where i.token = p_token $$;
