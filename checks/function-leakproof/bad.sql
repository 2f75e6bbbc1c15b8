-- expect: public.cheap(text) critical
-- expect: public.costly(text) medium
-- expect: public.hidden(text) low
create table public.organizations (id uuid primary key, name text);
create function public.cheap(t text) returns int language plpgsql immutable leakproof cost 1 as $$ begin return t::int; end $$;
create function public.costly(t text) returns int language plpgsql immutable leakproof as $$ begin return t::int; end $$;
create function public.hidden(t text) returns int language plpgsql immutable leakproof cost 1 as $$ begin return t::int; end $$;
revoke execute on function public.hidden(text) from public;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
