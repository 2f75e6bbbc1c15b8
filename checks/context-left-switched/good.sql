create table public.organizations (id uuid primary key, name text);
create table public.links (token uuid primary key, organization_id uuid not null);
create table public.pages (id int, organization_id uuid not null, body text);
alter table public.links enable row level security, force row level security;
alter table public.pages enable row level security, force row level security;
grant select on public.links, public.pages to :app;
-- Sets it back; has PostgreSQL set it back; only sets it.
create function public.sets_back(p_token uuid) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    l public.links;
    before text := current_setting('app.current_organization_id', true);
    found_body text;
begin
    select * into l from public.links where token = p_token;
    perform set_config('app.current_organization_id', l.organization_id::text, true);
    found_body := (select p.body from public.pages p where p.organization_id = l.organization_id);
    perform set_config('app.current_organization_id', coalesce(before, ''), true);
    return found_body;
end $$;
create function public.is_set_back(p_token uuid) returns text language plpgsql security definer
    set search_path = pg_catalog, pg_temp set app.current_organization_id = '' as $$
declare l public.links;
begin
    select * into l from public.links where token = p_token;
    perform set_config('app.current_organization_id', l.organization_id::text, true);
    return (select p.body from public.pages p where p.organization_id = l.organization_id);
end $$;
create function public.enter(p_token uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare org uuid;
begin
    select organization_id into org from public.links where token = p_token;
    perform set_config('app.current_organization_id', org::text, true);
end $$;
