-- expect: public.countries medium
-- expect: public.plans medium
-- expect: public.rates medium
-- config: [tables]
-- config: shared = ["public.countries", "public.plans", "public.rates"]
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
create table public.countries (code text primary key, name text);
create table public.plans (name text primary key) partition by list (name);
create table public.rates (country text, percent numeric);
grant select, insert on public.countries to :app;
-- Through PUBLIC, on a partitioned table; and one column only.
grant delete on public.plans to public;
grant update (percent) on public.rates to :app;
