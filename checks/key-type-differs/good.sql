-- config: [tables.via]
-- config: "public.note_lines" = "note_id -> public.notes.id"
create domain public.org_id as uuid;
create table public.organizations (id public.org_id primary key, name text);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.files (id int primary key, organization_id public.org_id not null);
create table public.note_lines (id int primary key, note_id int references public.notes (id));
create schema elsewhere;
create table elsewhere.notes (id int, organization_id text);
