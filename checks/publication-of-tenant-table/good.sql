create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.countries (code text primary key);
create schema elsewhere;
create table elsewhere.notes (id int primary key);
create publication fixture_outbox for table public.countries, elsewhere.notes;
