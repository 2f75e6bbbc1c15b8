create table public.organizations (id uuid primary key, name text);
create table public.invitations (token uuid primary key default gen_random_uuid(), organization_id uuid not null, email text);
alter table public.invitations enable row level security, force row level security;
-- Of one's own organization only.
create function public.own_invitation(p_token uuid) returns text language sql stable security definer set search_path = pg_catalog, pg_temp
    as $$ select i.email from public.invitations i where i.token = p_token
          and i.organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.as_caller(p_token uuid) returns text language sql stable as $$ select i.email from public.invitations i where i.token = p_token $$;
