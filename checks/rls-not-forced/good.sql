-- config: schemas = ["public"]
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
alter table public.notes owner to :app;
-- Off altogether, which rls-not-enabled says; not a tenant table; another schema.
create table public.drafts (id int primary key, organization_id uuid not null);
create table public.log (id int);
alter table public.log enable row level security;
create schema elsewhere;
create table elsewhere.notes (id int primary key, organization_id uuid not null);
alter table elsewhere.notes enable row level security;
