-- expect: public.from_view critical
-- expect: public.stats critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null, words int);
create materialized view public.stats as select organization_id, sum(words) from public.notes group by 1;
create view public.long_notes as select * from public.notes where words > 100;
create materialized view public.from_view as select * from public.long_notes;
grant select on public.stats to public;
grant select (id) on public.from_view to :app;
