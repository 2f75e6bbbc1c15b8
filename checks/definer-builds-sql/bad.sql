-- expect: public.by_concatenation(text) high
-- expect: public.by_format(text,text) high
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int, organization_id uuid not null, number text);
create function public.by_concatenation(prefix text) returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin
    return query execute 'select number from public.invoices where number like ''' || prefix || '%''';
end $$;
create procedure public.by_format(prefix text, sort text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin
    execute format('delete from public.invoices where number = %L and %s', prefix, sort);
end $$;
