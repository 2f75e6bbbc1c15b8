-- expect: public.enter(uuid) low
-- expect: public.enter_here(text) low
-- expect: public.use_org(uuid) low
create table public.organizations (id uuid primary key, name text);
create function public.use_org(org uuid) returns void language sql as $$ select set_config('app.current_organization_id', org::text, false) $$;
create procedure public.enter(org uuid) language plpgsql as $$ begin
    perform set_config( 'App.Current_Organization_Id' , org::text , FALSE ); end $$;
create function public.enter_here(org text) returns void language plpgsql as $$ begin set app.current_organization_id = '1'; end $$;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
