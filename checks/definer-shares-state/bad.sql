-- expect: public.next_number() medium
create table public.organizations (id uuid primary key, name text);
create table public.counters (name text primary key, last bigint not null);
create function public.next_number() returns bigint language sql security definer set search_path = pg_catalog, pg_temp
    as $$ update public.counters set last = last + 1 where name = 'invoice' returning last $$;
