-- expect: ops.samples high
-- expect: ops.samples_kept high
-- expect: ops.samples_of_ours high
-- expect: pg_catalog.pg_statistic high
create table public.organizations (id uuid primary key, name text);
create schema ops;
grant usage on schema ops to :app;
create view ops.samples as select starelid, stavalues1::text as sample from pg_catalog.pg_statistic;
create view ops.samples_of_ours as select * from ops.samples;
create materialized view ops.samples_kept as select * from ops.samples;
grant select on all tables in schema ops to :app;
grant select on pg_catalog.pg_statistic to :app;
-- Something to look at.
create table public.notes (id int, organization_id uuid not null);
