create table public.organizations (id uuid primary key, name text);
create table public.counters (name text primary key, last bigint not null);
-- One row for each organization; changed but not shown; as the caller.
create function public.own_number() returns bigint language sql security definer set search_path = pg_catalog, pg_temp
    as $$ update public.counters set last = last + 1 where name = current_setting('app.current_organization_id') returning last $$;
create function public.count_up() returns void language sql security definer set search_path = pg_catalog, pg_temp
    as $$ update public.counters set last = last + 1 where name = 'hits' $$;
create function public.as_caller() returns bigint language sql
    as $$ update public.counters set last = last + 1 where name = 'invoice' returning last $$;
