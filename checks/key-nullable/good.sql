-- config: [tables.via]
-- config: "public.note_lines" = "note_id -> public.notes.id"
create table public.organizations (id uuid primary key, name text);
create table public.notes (id uuid primary key, organization_id uuid not null, body text);
create domain public.org_id as uuid not null;
create table public.files (id uuid primary key, organization_id public.org_id);
create table public.events (id uuid primary key, organization_id uuid check (organization_id is not null));
create table public.note_lines (id uuid primary key, note_id uuid references public.notes (id));
create schema elsewhere;
create table elsewhere.notes (id uuid primary key, organization_id uuid);
