create table public.organizations (id uuid primary key, name text);
create function public.use_org(org uuid) returns void language sql as $$ select set_config('app.current_organization_id', org::text, true) $$;
create function public.use_locale(locale text) returns void language sql as $$ select set_config('app.locale', locale, false) $$;
create function public.enter_here() returns void language plpgsql as $$ begin set local app.current_organization_id = '1'; end $$;
create function public.note() returns text language sql as $$ select 'app.current_organization_id', false; select 'x' $$;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
