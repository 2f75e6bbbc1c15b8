-- expect: :admin critical
-- expect: :owner critical
-- expect: :app critical
-- expect: :app high
create table public.organizations (id uuid primary key, name text);
-- Two steps away, and the first is not even inherited.
alter role :app noinherit;
grant :other to :app;
grant :admin to :other;
alter role :admin bypassrls;
alter role :owner superuser;
grant :owner to :other;
grant pg_read_all_data to :app;
grant pg_execute_server_program to :other;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
