create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int, organization_id uuid not null, number text);
create function public.bound(prefix text, sort text) returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin
    if sort = '' then raise exception '%', 'no sort: ' || sort; end if;
    return query execute format('select number from public.invoices where number like $1 order by %I', sort) using prefix || '%s';
end $$;
create function public.quoted(prefix text) returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin
    -- execute 'once it was' || prefix;
    return query execute 'select number from public.invoices where number = ' || quote_literal(lower(prefix));
end $$;
-- As its caller; by a harmless owner; without arguments; not callable.
create function public.as_caller(prefix text) returns void language plpgsql as $$ begin execute 'select ' || prefix; end $$;
create function public.harmless(prefix text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin execute 'select ' || prefix; end $$;
alter function public.harmless(text) owner to :other;
create function public.no_argument() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin execute 'select ' || current_date; end $$;
create function public.not_callable(prefix text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin execute 'select ' || prefix; end $$;
revoke execute on function public.not_callable(text) from public;
