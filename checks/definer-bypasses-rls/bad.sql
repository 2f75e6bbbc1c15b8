-- expect: public.add_for(uuid) critical
-- expect: public.all_notes() critical
-- expect: public.by_cursor() critical
-- expect: public.calls(integer) critical
-- expect: public.claims_it(integer) critical
-- expect: public.copies(integer) critical
-- expect: public.copies_by_update(integer) critical
-- expect: public.copy_to_all() high
-- expect: public.cte_of_that_name() critical
-- expect: public.cursor_with_argument(integer) critical
-- expect: public.each_note() critical
-- expect: public.empty_all() critical
-- expect: public.filled_temp() critical
-- expect: public.fills_in(integer) critical
-- expect: public.give(integer, uuid) critical
-- expect: public.gives_away(integer, uuid) critical
-- expect: public.if_not_found() critical
-- expect: public.in_array() critical
-- expect: public.in_from() critical
-- expect: public.in_handler(integer) critical
-- expect: public.in_while() critical
-- expect: public.note_by_id(integer) critical
-- expect: public.notes_of(uuid) critical
-- expect: public.one_of_two(integer) critical
-- expect: public.other_path() critical
-- expect: public.outer_of(integer) critical
-- expect: public.outer_variable(integer) critical
-- expect: public.output(integer) critical
-- expect: public.output_of_call(integer, text) critical
-- expect: public.passed_in_from() critical
-- expect: public.past_label() critical
-- expect: public.purge(integer) critical
-- expect: public.raise_using(integer) critical
-- expect: public.rename(integer, text) critical
-- expect: public.rows_from() critical
-- expect: public.sorted(text) critical
-- expect: public.table_command() critical
-- expect: public.there_is(integer) medium
-- expect: public.through_temp() critical
-- expect: public.unforced_count() critical
-- expect: unseen.title_of(integer) high
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
-- What is read on a way of its own is read all the same.
create table public.bin (note int, line text);
grant select on public.bin to :app;
create function public.cte_of_that_name() returns setof text language sql security definer set search_path = public, pg_temp as $$
    with notes as (select * from notes) select title from notes $$;
create function public.filled_temp() returns setof text language plpgsql security definer set search_path = public, pg_temp as $$
begin
    create temp table stash (t text) on commit drop;
    insert into stash select title from notes;
    return query select t from stash;
end $$;
create function public.copies(p int) returns void language sql security definer set search_path = public, pg_temp as $$
    insert into bin select id, title from notes where id = p $$;
create function public.copies_by_update(p int) returns void language sql security definer set search_path = public, pg_temp as $$
    update bin set line = (select title from notes where id = p) $$;
create function public.passed_in_from() returns setof text language sql security definer set search_path = public, pg_temp as $$
    select x from unnest((select array_agg(title) from notes)) x $$;
create function public.rows_from() returns setof text language sql security definer set search_path = public, pg_temp as $$
    select x from rows from (unnest((select array_agg(title) from notes))) as f (x) $$;
create function public.output(p int, out t text) language plpgsql security definer set search_path = public, pg_temp as $$
begin
    select n.title into t from notes n where n.id = p;
end $$;
create procedure public.output_of_call(p int, inout t text) language plpgsql security definer set search_path = public, pg_temp as $$
begin
    select n.title into t from notes n where n.id = p;
end $$;
create function public.calls(p int) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare v text;
begin
    call output_of_call(p, v);
    return v;
end $$;
create function public.in_handler(p int) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare v text;
begin
    select title into v from notes where id = p;
    perform 1 / 0;
    return null;
exception when others then
    return v;
end $$;
create function public.one_of_two(p int) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare v text := (select title from notes where id = p union select title from notes where id = p + 1 limit 1);
begin
    return v;
end $$;
create function public.past_label() returns setof text language plpgsql security definer set search_path = public, pg_temp as $$
begin
    <<b>> begin
        exit b;
    end;
    return query select title from notes;
end $$;
create function public.if_not_found() returns setof text language plpgsql security definer set search_path = public, pg_temp as $$
declare v int;
begin
    select 1 into v;
    perform 1 from bin where false;
    if not found then
        return query select title from notes;
    end if;
end $$;
create function public.raise_using(p int) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare v text;
begin
    select title into v from notes where id = p;
    raise notice 'x' using detail = coalesce(v, '');
end $$;
create function public.table_command() returns setof public.notes language sql security definer set search_path = public, pg_temp as $$ table notes $$;
create function public.deletes_all() returns boolean language plpgsql as $$ begin delete from public.notes; return false; end $$;
create function public.in_while() returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    while deletes_all() loop end loop;
end $$;
create function public.in_from() returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform * from deletes_all();
end $$;
create function public.first_title() returns text language sql as $$ select title from public.notes limit 1 $$;
create function public.in_array() returns text[] language sql security definer set search_path = public, pg_temp as $$ select array[first_title()] $$;
create function public.gives_away(p int, o uuid) returns void language sql security definer set search_path = public, pg_temp as $$
    update notes set (organization_id, title) = (o, 'x')
    where id = p and organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create function public.cursor_with_argument(p int) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare c cursor (k int) for select title from notes where id = k;
        v text;
begin
    open c(p);
    fetch c into v;
    close c;
    return v;
end $$;
create function public.outer_variable(p int) returns text language plpgsql security definer set search_path = public, pg_temp as $$
<<o>> declare v text;
begin
    declare v int := 1;
    begin
        select title into o.v from notes where id = p;
    end;
    return v;
end $$;
create function public.other_path() returns setof text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    set local search_path = public;
    return query select title from notes;
end $$;
create schema unseen;
create function unseen.title_of(p int) returns text language sql security definer set search_path = public, pg_temp as $$ select title from notes where id = p $$;
create view public.named_by_view as select b.note, unseen.title_of(b.note) as title from public.bin b;
grant select on public.named_by_view to :app;
create function public.claims_it(p int) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare n notes;
begin
    select * into n from notes where id = p;
    n.organization_id := nullif(current_setting('app.current_organization_id', true), '')::uuid;
    if n.organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid then
        return n.title;
    end if;
    return null;
end $$;
create function public.fills_in(p int) returns public.notes language plpgsql security definer set search_path = public, pg_temp as $$
declare n notes;
begin
    select * into n from notes where id = p;
    n.title := (select o.name from organizations o where o.id = n.organization_id
                and o.id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
    return n;
end $$;
