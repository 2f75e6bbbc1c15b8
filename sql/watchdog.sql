declare
    command record;
    found record;
    key name;
    column_type oid;
    base record;
    kind text;
    stem text;
    test text;
    said text;
begin
    -- A restore turns row_security off and brings isolation itself; tenantctl and whoever knows better
    -- turn the watchdog off.
    if current_setting('row_security') = 'off' or current_setting('tenantctl.watchdog', true) = 'off' then
        return;
    end if;
    for command in
        select c.objid
        from pg_event_trigger_ddl_commands() c
        where c.classid = 'pg_catalog.pg_class'::regclass and not c.in_extension
    loop
        -- A table that is attached to another stands in no list of its own.
        for found in
            with recursive family (oid) as (
                select command.objid
                union
                select i.inhrelid from pg_inherits i join family f on f.oid = i.inhparent
            )
            select r.oid, n.nspname, r.relname, format('%I.%I', n.nspname, r.relname) as named
            from family f
            join pg_class r on r.oid = f.oid
            join pg_namespace n on n.oid = r.relnamespace
            where r.relkind in ('r', 'p')
              and r.relpersistence <> 't'
              and not r.relrowsecurity
              and n.nspname = any (/*schemas*/)
              and format('%s.%s', n.nspname, r.relname) <> all (/*shared*/)
              and not exists (select from pg_depend d
                              where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = r.oid and d.deptype = 'e')
        loop
            begin
                key := coalesce(/*keys*/ ->> format('%s.%s', found.nspname, found.relname), /*key*/);
                select a.atttypid into column_type
                from pg_attribute a
                where a.attrelid = found.oid and a.attname = key and a.attnum > 0 and not a.attisdropped;
                -- One that the command before this repaired.
                continue when column_type is null
                    or (select r.relrowsecurity from pg_class r where r.oid = found.oid);
                execute format('alter table %s enable row level security, force row level security', found.named);
                said := obj_description(found.oid, 'pg_class');
                if said is null or strpos(said, 'tenantctl ') = 0 then
                    execute format('comment on table %s is %L', found.named, concat_ws(e'\n', said, /*isolated*/));
                end if;
            exception when others then
                raise warning 'tenantctl: % is not isolated: %', found.named, sqlerrm
                    using hint = 'Run tenantctl apply.';
                continue;
            end;
            begin
                select t.oid, t.typtype, t.typbasetype into base from pg_type t where t.oid = column_type;
                while base.typtype = 'd' loop
                    select t.oid, t.typtype, t.typbasetype into base from pg_type t where t.oid = base.typbasetype;
                end loop;
                kind := case
                    when base.oid in ('text'::regtype, 'varchar'::regtype) then null
                    when base.oid = 'bpchar'::regtype then 'bpchar'
                    else format_type(base.oid, null) end;
                if base.typtype <> 'e' and base.oid <> all (/*types*/) then
                    raise exception 'no policy is written for a key of type %', kind;
                end if;
                test := format('%I = ', key) || case
                    when kind is null then /*text*/
                    else replace(/*cast*/, /*placeholder*/, kind) end;
                stem := found.relname;
                while octet_length(stem) > /*room*/ loop
                    stem := left(stem, -1);
                end loop;
                stem := replace(/*name*/, '{table}', stem);
                execute format('create policy %I on %s to %I using (%s) with check (%s)', stem, found.named, /*app*/::text, test, test);
                execute format('comment on policy %I on %s is %L', stem, found.named, /*made*/);
                if /*guard*/ then
                    while octet_length(stem) > 63 - octet_length('_guard') loop
                        stem := left(stem, -1);
                    end loop;
                    stem := stem || '_guard';
                    execute format('create policy %I on %s as restrictive using (%s) with check (%s)', stem, found.named, test, test);
                    execute format('comment on policy %I on %s is %L', stem, found.named, /*made*/);
                end if;
                raise notice 'tenantctl: % has the tenant key %, so it was isolated', found.named, quote_ident(key);
            exception when others then
                raise warning 'tenantctl: % is closed to everybody, its policy could not be made: %', found.named, sqlerrm
                    using hint = 'Run tenantctl apply.';
            end;
        end loop;
    end loop;
exception when others then
    -- Whatever is wrong here is no reason to refuse what somebody else does.
    raise warning 'tenantctl: the watchdog could not look: %', sqlerrm using hint = 'Run tenantctl audit.';
end
