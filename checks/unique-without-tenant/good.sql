-- config: [tables.via]
-- config: "public.versions" = "file_id -> public.files.id"
create extension if not exists btree_gist;
create table public.organizations (id uuid primary key, slug text unique, domain text unique);
create domain public.random_id as uuid;
create table public.files (id uuid primary key, organization_id uuid not null, path text, token uuid not null default gen_random_uuid() unique,
    unique (organization_id, id), unique (path, organization_id));
create unique index on public.files (lower(path), organization_id);
create unique index on public.files ((organization_id::text || path));
create index on public.files (path);
create table public.versions (id public.random_id primary key, file_id uuid not null references public.files (id), number int, unique (file_id, number));
create table public.quotas (organization_id uuid primary key, bytes bigint);
create table public.covers (organization_id uuid not null, file_id uuid references public.files (id) unique);
create table public.booked (id uuid primary key, organization_id uuid not null, during tsrange,
    exclude using gist (organization_id with =, during with &&));
create table public.countries (code text primary key);
grant select, insert, update, delete on all tables in schema public to :app;
