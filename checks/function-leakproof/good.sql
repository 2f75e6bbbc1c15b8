create table public.organizations (id uuid primary key, name text);
create function public.cheap(t text) returns int language plpgsql immutable cost 1 as $$ begin return t::int; end $$;
-- It is given nothing, so it has nothing to give away.
create function public.today() returns date language sql stable leakproof cost 1 as $$ select current_date $$;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
