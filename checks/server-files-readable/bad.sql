-- expect: pg_catalog.pg_read_file(text) critical
create table public.organizations (id uuid primary key, name text);
grant execute on function pg_catalog.pg_read_file(text) to :other;
grant :other to :app;
