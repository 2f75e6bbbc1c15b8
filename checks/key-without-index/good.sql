-- config: [tables.via]
-- config: "public.note_lines" = "note_id -> public.notes.id"
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null, unique (organization_id, id));
-- Contained but not usable: key-index-unusable says so.
create table public.files (id int, organization_id uuid not null, primary key (id, organization_id));
create table public.texts (id int primary key, organization_id uuid not null);
create index on public.texts ((organization_id::text));
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create index on public.ledger (organization_id);
create table public.note_lines (id int primary key, note_id int references public.notes (id));
create table public.log (id int);
