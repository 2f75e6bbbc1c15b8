-- expect: public.all_notes() critical
-- expect: public.purge(integer) critical
-- expect: public.unforced_count() critical
-- expect: public.note_by_id(integer) critical
-- expect: public.notes_of(uuid) critical
-- expect: public.each_note() critical
-- expect: public.there_is(integer) medium
-- expect: public.rename(integer, text) critical
-- expect: public.give(integer, uuid) critical
-- expect: public.add_for(uuid) critical
-- expect: public.outer_of(integer) critical
-- expect: public.sorted(text) critical
-- expect: public.by_cursor() critical
-- expect: public.through_temp() critical
-- expect: public.empty_all() critical
-- expect: public.copy_to_all() high
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
create table public.unforced (id int, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
alter table public.unforced enable row level security;
alter table public.unforced owner to :owner;
alter role :admin bypassrls;
grant select on public.notes to :admin;
create function public.all_notes() returns setof public.notes language sql security definer set search_path = pg_catalog, pg_temp as $$ select * from public.notes $$;
alter function public.all_notes() owner to :admin;
create procedure public.purge(days int) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin delete from public.notes where id < days; end $$;
create function public.unforced_count() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from public.unforced $$;
alter function public.unforced_count() owner to :owner;
-- A row by its id, in every dress; a bit at a time; another's row written, moved, added; a guard that NULL passes.
alter table public.notes add column title text;
create table public.log (organization_id uuid not null, line text);
alter table public.log enable row level security, force row level security;
create function public.note_by_id(p int) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare v text;
begin
    select n.title into v from public.notes n where n.id = p;
    if not found then
        raise exception 'no note %', p;
    end if;
    return v;
end $$;
create function public.notes_of(p_org uuid) returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_org <> nullif(current_setting('app.current_organization_id', true), '')::uuid then
        raise exception 'not yours';
    end if;
    return query select n.title from public.notes n where n.organization_id = p_org;
end $$;
create function public.each_note() returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare r record;
begin
    for r in select * from public.notes loop
        return next r.title;
    end loop;
end $$;
create function public.there_is(p int) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from public.notes n where n.id = p) then
        return true;
    end if;
    return false;
end $$;
create function public.rename(p int, t text) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.notes set title = t where id = p $$;
create function public.give(p int, p_org uuid) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
    update public.notes set organization_id = p_org
    where id = p and organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.add_for(p_org uuid) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.log (organization_id, line) values (p_org, 'x');
end $$;
create function public.inner_of(p int) returns text language sql set search_path = pg_catalog, pg_temp as $$
    select title from public.notes where id = p $$;
create function public.outer_of(p int) returns text language sql security definer set search_path = pg_catalog, pg_temp as $$
    select public.inner_of(p) $$;
create function public.sorted(p text) returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query execute format('select title from public.notes where title = %L order by %I', p, 'title');
end $$;
create function public.by_cursor() returns refcursor language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare c refcursor := 'c';
begin
    open c for select * from public.notes;
    return c;
end $$;
create function public.through_temp() returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare n bigint;
begin
    create temp table kept as select * from public.notes;
    select count(*) into n from kept;
    return n;
end $$;
create function public.empty_all() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    truncate public.notes;
end $$;
create function public.copy_to_all() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.notes set title = new.line where id > 0;
    return new;
end $$;
create trigger copy after insert on public.log for each row execute function public.copy_to_all();
grant insert on public.log to :app;
create policy own on public.log to :app using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
