-- expect: public.page_of(uuid) high
-- expect: public.total_of(uuid) high
create table public.organizations (id uuid primary key, name text);
create table public.links (token uuid primary key, organization_id uuid not null);
create table public.pages (id int, organization_id uuid not null, body text);
alter table public.links enable row level security, force row level security;
alter table public.pages enable row level security, force row level security;
grant select on public.links, public.pages to :app;
create function public.page_of(p_token uuid) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare l public.links;
begin
    select * into l from public.links where token = p_token;
    perform set_config('app.current_organization_id', l.organization_id::text, true);
    return (select p.body from public.pages p where p.organization_id = l.organization_id);
end $$;
-- Restores on one way out only.
create function public.total_of(p_token uuid) returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    before text := current_setting('app.current_organization_id', true);
    org uuid;
    n bigint;
begin
    select organization_id into org from public.links where token = p_token;
    perform set_config('app.current_organization_id', org::text, true);
    select count(*) into n from public.pages p where p.organization_id = org;
    if n = 0 then
        return 0;
    end if;
    perform set_config('app.current_organization_id', before, true);
    return n;
end $$;
