create table public.organizations (id uuid primary key, name text);
-- Somebody else's; and what shows no content.
grant execute on function pg_catalog.pg_read_file(text) to :other;
grant execute on function pg_catalog.pg_stat_file(text) to :app;
