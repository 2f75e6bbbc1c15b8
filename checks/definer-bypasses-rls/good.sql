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
-- What is read and kept to itself, and what only looks like a read of everything.
create table public.bin (note int, line text);
grant select on public.bin to :app;
create function public.looks_and_leaves(p int) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare r record;
begin
    select * into r from notes where id = p;
    if r.organization_id is distinct from nullif(current_setting('app.current_organization_id', true), '')::uuid then
        return;
    end if;
    perform 1;
end $$;
create function public.nothing_returned(p int) returns void language sql security definer set search_path = public, pg_temp as $$
    select title from notes where id = p $$;
create function public.filtered_aggregate() returns bigint language sql security definer set search_path = public, pg_temp as $$
    select count(*) filter (where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid) from notes $$;
create function public.all_but_those() returns setof text language sql security definer set search_path = public, pg_temp as $$
    select title from notes where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid
    except select title from notes $$;
create function public.side_by_side() returns setof text language sql security definer set search_path = public, pg_temp as $$
    select s.t from (select title as t, organization_id as o from notes union all select title, organization_id from notes) s
    where s.o = nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.output(p int, out t text) language plpgsql security definer set search_path = public, pg_temp as $$
declare other text;
begin
    select n.title into other from notes n where n.id = p;
    select n.title into t from notes n
    where n.id = p and n.organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
end $$;
create function public.in_handler(p int) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare v text;
begin
    select title into strict v from notes
    where id = p and organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
    return v;
exception when no_data_found then
    return coalesce(v, 'none');
end $$;
create function public.copies_own() returns void language sql security definer set search_path = public, pg_temp as $$
    insert into bin select id, title from notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.cursor_with_argument() returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare c cursor (k uuid) for select title from notes where organization_id = k;
        v text;
begin
    open c(nullif(current_setting('app.current_organization_id', true), '')::uuid);
    fetch c into v;
    close c;
    return v;
end $$;
create schema unseen;
create function unseen.own_title(p int) returns text language sql security definer set search_path = public, pg_temp as $$
    select title from notes where id = p and organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create view public.named_by_view as select b.note, unseen.own_title(b.note) as title from public.bin b;
grant select on public.named_by_view to :app;
