create table public.organizations (id uuid primary key, name text);
create schema ops;
grant usage on schema ops to :app;
create view ops.samples as select starelid, stavalues1::text as sample from pg_catalog.pg_statistic;
grant select on ops.samples to :other;
-- PostgreSQL's own view asks who is reading, also below another.
create view ops.safe_samples as select tablename, most_common_vals::text from pg_catalog.pg_stats;
create view ops.sizes as select relname, reltuples from pg_catalog.pg_class;
grant select on ops.safe_samples, ops.sizes to :app;
-- Runs with its reader's rights, which do not suffice. (The option is new in PostgreSQL 15.)
do $$ begin
    if current_setting('server_version_num')::int >= 150000 then
        create view ops.samples_as_reader with (security_invoker = true) as select starelid, stavalues1::text as sample from pg_catalog.pg_statistic;
        grant select on ops.samples_as_reader to :app;
    end if;
end $$;
-- Granted, but in a schema that it may not enter.
create schema locked;
create view locked.samples as select * from ops.samples;
grant select on locked.samples to :app;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
