create table public.organizations (id uuid primary key, name text);
-- The memberships lead the other way; the group is harmless; and so are other predefined roles.
alter role :admin bypassrls;
grant :app to :admin;
grant :other to :app;
grant pg_read_all_settings to :app;
grant pg_write_all_data to :other;
-- From PostgreSQL 16 on a membership can be inherited without being SET, and attributes are not inherited.
do $$ begin
    if current_setting('server_version_num')::int >= 160000 then
        alter role :owner bypassrls;
        execute 'grant :owner to :app with inherit true, set false';
    end if;
end $$;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
