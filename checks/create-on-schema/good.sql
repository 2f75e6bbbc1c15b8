revoke create on schema public from public;
create table public.organizations (id uuid primary key, name text not null);
create table public.customers (id uuid primary key, organization_id uuid not null, name text);
create schema plugins;
grant usage on schema plugins to :app;
grant usage, create on schema plugins to :other;
-- Its own schema is its own business.
create schema workspace authorization :app;
create function public.handle(customer uuid) returns text language plpgsql stable security definer
    set search_path = plugins, public, pg_temp
    as $$ begin return (select lower(name) from public.customers where id = customer); end $$;
