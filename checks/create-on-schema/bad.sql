-- expect: "My Plugins" critical
-- expect: reports low
revoke create on schema public from public;
create table public.organizations (id uuid primary key, name text not null);
create table public.customers (id uuid primary key, organization_id uuid not null, name text);
create schema "My Plugins";
create schema reports;
grant usage, create on schema "My Plugins" to :app;
grant create on schema reports to public;
create function public.slug(t text) returns text language sql immutable as $$ select lower(t) $$;
create function public.handle(customer uuid) returns text language plpgsql stable security definer
    set search_path = "My Plugins", public, pg_temp
    as $$ begin return (select slug(name) from public.customers where id = customer); end $$;
