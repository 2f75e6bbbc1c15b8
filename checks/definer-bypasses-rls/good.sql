create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
alter table public.notes owner to :owner;
-- Its owner is bound; it runs as its caller; the application may not call it; it names no tenant table.
create function public.bound() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from public.notes $$;
alter function public.bound() owner to :owner;
create function public.as_caller() returns bigint language sql as $$ select count(*) from public.notes $$;
create function public.not_callable() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from public.notes $$;
revoke execute on function public.not_callable() from public;
create function public.unrelated() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select 1::bigint as footnotes $$;
-- Each statement pins the tenant, one way or another.
alter table public.notes add column title text;
create table public.log (organization_id uuid not null, line text);
alter table public.log enable row level security, force row level security;
create function public.own_notes() returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare org constant uuid := nullif(current_setting('app.current_organization_id', true), '')::uuid;
        r record;
begin
    for r in select n.title from public.notes n where n.organization_id = org loop
        return next r.title;
    end loop;
    return query execute 'select title from public.notes where organization_id = $1' using org;
end $$;
create function public.notes_of(p_org uuid) returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_org is distinct from nullif(current_setting('app.current_organization_id', true), '')::uuid or p_org is null then
        raise exception 'not yours';
    end if;
    return query select n.title from public.notes n where n.organization_id = p_org;
end $$;
create function public.own_note(p int) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare n public.notes;
begin
    select * into n from public.notes where id = p;
    if n.organization_id is distinct from nullif(current_setting('app.current_organization_id', true), '')::uuid then
        return null;
    end if;
    return n.title;
end $$;
create function public.add(p text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.notes (organization_id, title)
    values (nullif(current_setting('app.current_organization_id')::text, '')::uuid, p) $$;
create function public.rename(p int, t text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.notes set title = t
    where id = p and organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.has(p int) returns boolean language sql security definer set search_path = pg_catalog, pg_temp as $$
    select organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid from public.notes where id = p $$;
create function public.remember() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.notes (organization_id, title) values (new.organization_id, new.line);
    return new;
end $$;
create trigger remember after insert on public.log for each row execute function public.remember();
grant insert, select on public.log to :app;
create policy own on public.log to :app using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
